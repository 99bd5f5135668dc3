"""Files: what was written is read; what was cut, altered or foreign is refused; an interrupted write leaves the old."""

import json

import numpy as np
import pytest

from refsort.nets import (
    Absolute,
    Bjorck,
    Free,
    FullSort,
    GroupSort,
    Identity,
    Layer,
    LeakyReLU,
    Network,
    Parseval,
    ReLU,
    RowsL1,
    Spectral,
    load_network,
)
from refsort.nets.checkpoint import load_arrays, save_arrays
from tests.nets.files import through_a_file

NETWORK = Network(
    (
        Layer(3, 4, GroupSort(2), Bjorck(7, 2, "frobenius"), 1.5),
        Layer(4, 4, LeakyReLU(0.25), Spectral()),
        Layer(4, 6, FullSort(), Parseval(0.125)),
        Layer(6, 2, Absolute(), RowsL1()),
        Layer(2, 5, ReLU(), Free()),
        Layer(5, 1, Identity(), Bjorck()),
    )
)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_network_survives_to_the_bit(tmp_path, dtype):
    params = Network.dense([3, 4, 4, 6, 2, 5, 1], ReLU()).init(np.random.default_rng(0), dtype=dtype)
    through_a_file(tmp_path / "net.npz", NETWORK, params)


def test_files_need_no_pickle_and_are_plain_npz(tmp_path):
    save_arrays(tmp_path / "a.npz", {"x": np.arange(3.0)}, {"step": 7})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert json.loads(str(file["meta"]))["step"] == 7
        assert file["x"].tolist() == [0, 1, 2]
    for bad in ({"meta": np.zeros(1)}, {"x": np.array([None])}):
        with pytest.raises(ValueError, match="pickle"):
            save_arrays(tmp_path / "b.npz", bad, {})
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_every_cut_and_every_changed_byte_of_data_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    x = np.arange(100.0)
    save_arrays(path, {"x": x}, {"step": 7})
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a complete file"):
            load_arrays(path)
    start = whole.index(x.tobytes())
    for offset in range(start, start + x.nbytes, 53):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        with pytest.raises(ValueError, match="not a complete file"):
            load_arrays(path)


def test_foreign_files(tmp_path):
    np.savez(tmp_path / "other.npz", meta=np.array(json.dumps({"format": "refsort checkpoint 2"})))
    with pytest.raises(ValueError, match="not a complete file of the format 'refsort checkpoint 1'"):
        load_network(tmp_path / "other.npz")
    np.savez(tmp_path / "foreign.npz", w0=np.eye(2))
    with pytest.raises(ValueError, match="not a complete file of the format"):
        load_network(tmp_path / "foreign.npz")
    np.save(tmp_path / "array.npz", np.eye(2))
    (tmp_path / "array.npz.npy").rename(tmp_path / "array.npz")
    with pytest.raises(ValueError, match="not a complete file of the format"):
        load_network(tmp_path / "array.npz")
    save_arrays(tmp_path / "newer.npz", {}, {"network": {"type": "Hyperlayer"}})
    with pytest.raises(ValueError, match="does not describe a network that this version knows: KeyError"):
        load_network(tmp_path / "newer.npz")
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "none.npz")


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    save_arrays(path, {"x": np.ones(2)}, {})

    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_arrays(path, {"x": np.zeros(2)}, {})
    assert load_arrays(path)[0]["x"].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
