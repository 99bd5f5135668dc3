"""What the tests of the experiments share: the data, and a short run through the command line."""

import json

import pytest

from refsort.cli import main
from refsort.data import load_mnist


@pytest.fixture(scope="session")
def mnist():
    try:
        return load_mnist()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def reproduce(mnist, tmp_path_factory):
    """`reproduce(name, *options)`: the result as it was written, and where."""

    def run(name, *options):
        out = tmp_path_factory.mktemp(name)
        assert main(["reproduce", name, *options, "--out", str(out)]) == 0
        return json.loads((out / "result.json").read_text()), out

    return run
