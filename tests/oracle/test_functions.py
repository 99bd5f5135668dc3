"""Arrays judged without an adapter: the same verdicts, for all that a test may hand over."""

import numpy as np
import pytest

from refsort.oracle.functions import judge_output

X = np.array([[2.0, 1.0, 3.0, 3.0]])
G = np.array([[1.0, 2.0, 4.0, 8.0]])
Y = np.array([[1.0, 2.0, 3.0, 3.0]])


def max_min(output=Y, cotangent=G, gradients=None, **rest):
    return judge_output("max_min", [X], output, cotangent, gradients, params={"axis": -1}, **rest)


def test_a_right_output_passes_with_and_without_gradients():
    verdict = max_min()
    assert (verdict.verdict, verdict.ratio, verdict.text) == ("PASS", 0.0, "")
    assert verdict
    assert {c.kind for c in verdict.comparisons} == {"value"}
    for tie in ([4.0, 8.0], [8.0, 4.0], [6.0, 6.0], [5.0, 7.0]):
        verdict = max_min(gradients=[np.array([[2.0, 1.0, *tie]])])
        assert verdict, verdict.text
        assert {c.kind for c in verdict.comparisons} == {"value", "gradient", "kink"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"output": np.array([[2.0, 1.0, 3.0, 3.0]])}, "the result"),
        ({"gradients": [np.array([[2.0, 1.0, 12.0, 0.0]])]}, "majorised"),
        ({"gradients": [np.array([[1.0, 2.0, 4.0, 8.0]])]}, "[1] = 1.0"),
        ({"output": Y.astype(np.float32)}, "float32"),
        ({"output": Y[0]}, "(4,)"),
        ({"output": Y[:, :2]}, "(1, 2)"),
        ({"output": Y[:, :2], "cotangent": None}, "(1, 2)"),
        ({"output": Y.tolist()}, "list"),
        ({"output": Y * np.nan}, "finite"),
        ({"gradients": []}, "0 of them"),
        ({"gradients": [G.astype(np.float16)]}, "float16"),
    ],
)
def test_what_is_wrong_is_said(wrong, words):
    verdict = max_min(**wrong)
    assert verdict.verdict == "FAIL"
    assert not verdict
    assert words in verdict.text
    assert verdict.ratio > 1


def test_all_failures_are_counted():
    verdict = judge_output("max_min", [X], Y, G, [np.zeros_like(X)], params={"axis": -1})
    assert "(and 2 more)" in verdict.text


def test_the_tolerance_is_derived_and_may_be_declared():
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((4, 5), (3, 5), (3,)))
    assert judge_output("affine", [x, w, b], x @ w.T + b)
    coarse = (x.astype(np.float16).astype(np.float32) @ w.T) + b
    verdict = judge_output("affine", [x, w, b], coarse)
    assert verdict.verdict == "FAIL"
    assert "times its bound" in verdict.text
    assert judge_output("affine", [x, w, b], coarse, unit_roundoff=2**-11)


def test_bfloat16_has_to_be_said():
    x = np.array([[1.0, 2.0]], dtype=np.float32)
    y = np.array([[1.0078125]], dtype=np.float32)  # the exact 1.01 and a little, in eight bits
    w, b = np.array([[0.0078125, 0.5]], dtype=np.float32), np.array([0.00390625], dtype=np.float32)
    assert not judge_output("affine", [x, w, b], y)
    assert judge_output("affine", [x, w, b], y, dtype="bfloat16")


def test_a_bjorck_step_and_a_projection():
    w = np.array([[0.5], [0.0]])
    assert judge_output("bjorck", [w], np.array([[0.6875], [0.0]]), params={"iterations": 1, "order": 1, "beta": 0.5})
    assert not judge_output("bjorck", [w], np.array([[0.69], [0.0]]), params={"iterations": 1, "order": 1, "beta": 0.5})
    v = np.array([[0.25, -0.5]])
    assert judge_output("project_l1_ball", [v], v, params={"radius": 1.0})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: judge_output("maxmin", [X], Y), "there is no operation 'maxmin'"),
        (lambda: judge_output("max_min", [X.astype(int)], Y, params={"axis": -1}), "share one dtype"),
        (lambda: judge_output("max_min", [X], Y, params={"axis": -1}, dtype="float32"), "share one dtype"),
        (lambda: judge_output("max_min", [X * np.inf], Y, params={"axis": -1}), "not finite"),
        (lambda: max_min(cotangent=None, gradients=[G]), "cotangent"),
        (lambda: max_min(cotangent=G[0]), "shape (1, 4)"),
        (lambda: judge_output("max_min", [X], Y), "no meaning"),
        (lambda: judge_output("group_sort", [X], Y, params={"axis": -1, "group_size": 3}), "no meaning"),
        (lambda: judge_output("max_min", [X], Y, params={"axis": 2}), "no meaning"),
    ],
)
def test_what_cannot_be_judged_is_refused(call, words):
    with pytest.raises(ValueError, match="judge_output") as caught:
        call()
    assert words in str(caught.value)
