"""Few labelled digits: the draw, and a short run."""

import numpy as np
import pytest

from refsort.cli import main
from refsort.data import Split
from refsort.experiments.few_examples import some_of_each


def test_the_draw_takes_as_many_of_each_digit_and_none_twice():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(10), 7))
    split = Split(np.arange(70.0)[:, None], labels)
    drawn = some_of_each(split, 5, rng)
    assert np.bincount(drawn.labels).tolist() == [5] * 10
    assert len(set(drawn.images[:, 0])) == 50
    assert np.array_equal(labels[drawn.images[:, 0].astype(int)], drawn.labels)
    with pytest.raises(ValueError, match="only 7 training images"):
        some_of_each(split, 8, rng)


def test_a_short_run(reproduce, tmp_path, capsys):
    options = ("--width", "16", "--per-class", "10", "20", "--draws", "1", "--steps", "30", "--attacked", "20")
    result, _ = reproduce("few-examples", *options)
    assert len(result["rows"]) == 2 * 4
    for row in result["rows"]:
        assert row["certified"][1] <= row["certified"][0] <= row["clean"]
        if row["network"] == "MaxMin, orthonormal":
            assert row["clean"] > 0.4  # 30 steps on 100 digits; a guess has 0.1
    assert main(["reproduce", "few-examples", "--per-class", "9999", "--out", str(tmp_path)]) == 2
    assert "--per-class 9999" in capsys.readouterr().err
