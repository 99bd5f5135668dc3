"""Figures: files of the kinds that their names say, drawn from any data that an experiment has; needs matplotlib."""

import numpy as np
import pytest

from refsort import figures

pytest.importorskip("matplotlib")

MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def drawings():
    x = np.linspace(-1, 1, 5)
    plane = np.add.outer(np.abs(x[:3]), x)
    return {
        "curves": lambda path: figures.curves(path, x, {"one": x**2, "gap": [1, None, 0.5, 0, 2]}, y_limits=(0, 1)),
        "named": lambda path: figures.curves(path, ["16", "128"], {"one": [0.5, None], "two": [None, 1.0]}, width=3),
        "histograms": lambda path: figures.histograms(path, {"a": {"u": x, "v": []}, "b": {"u": [0.5]}}),
        "pictures": lambda path: figures.pictures(
            path, {"signed": np.outer([1, -1, 0], np.ones(9)), "grey": np.zeros((2, 9))}, symmetric={"signed": True}
        ),
        "surfaces": lambda path: figures.surfaces(path, x, x[:3], {"f": -plane, "flat": np.zeros_like(plane)}),
        "one flat surface": lambda path: figures.surfaces(path, x, x[:3], {"flat": np.full((3, 5), 2.0)}),
    }


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("name", drawings())
def test_files_are_what_their_names_say(tmp_path, name, suffix):
    path = tmp_path / f"figure.{suffix}"
    drawings()[name](path)
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # nothing temporary is left


def test_what_cannot_be_drawn_is_refused_before_the_work(tmp_path):
    figures.require(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"ends in one of .png, .pdf, .svg"):
        figures.require(tmp_path / "a.jpeg")
    assert figures.available()


def test_a_picture_differs_where_its_data_do(tmp_path):
    grey, other = np.zeros((1, 16)), np.zeros((1, 16))
    other[0, 5] = 1
    for name, data in (("a", grey), ("b", grey), ("c", other)):
        figures.pictures(tmp_path / f"{name}.png", {"": data})
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
