"""Networks and their parameters, written to a file and read again."""

from refsort.nets import load_network, save_network


def through_a_file(path, network, params):
    """The network and the parameters that are read, the same to the bit as those that were written."""
    save_network(path, network, params)
    found, loaded = load_network(path)
    assert found == network
    for pair, same in zip(params, loaded, strict=True):
        for a, b in zip(pair, same, strict=True):
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes()
    return found, loaded
