"""The hinge losses against their double sums in exact arithmetic, and the sums' float rounding."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.hinge import (
    binary_hinge,
    binary_hinge_forward,
    multiclass_hinge,
    multiclass_hinge_forward,
)

ROUNDOFF = {"float16": Fraction(1, 2**11), "float32": Fraction(1, 2**24), "float64": Fraction(1, 2**53)}


def multiclass(y, t, margin):
    """mean_i (1/k) sum_{j != t_i} max(0, margin - (y[i, t_i] - y[i, j])), as it is written."""
    rows = [
        sum(max(0, margin - (row[i] - v)) for j, v in enumerate(row) if j != i) for row, i in zip(y, t, strict=True)
    ]
    return sum(Fraction(row, len(y[0])) for row in rows) / len(y)


def binary(v, s, margin):
    """mean_i max(0, margin - s_i v_i)."""
    return sum((max(0, margin - s_i * v_i) for v_i, s_i in zip(v, s, strict=True)), Fraction(0)) / len(v)


def rationals(values, shape):
    x = np.empty(len(values), object)
    x[:] = [Fraction(v, 6) for v in values]
    return x.reshape(shape)


@st.composite
def multiclass_problems(draw):
    """Logits on a coarse grid, so that hinges stand exactly at the margin; labels, margin, a tangent."""
    n, k = draw(st.sampled_from([(1, 2), (2, 3), (3, 2), (4, 5), (5, 3)]))
    grid = st.lists(st.integers(-8, 8), min_size=n * k, max_size=n * k)
    labels = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return rationals(draw(grid), (n, k)), labels, Fraction(draw(st.integers(-3, 9)), 6), rationals(draw(grid), (n, k))


@st.composite
def binary_problems(draw):
    n = draw(st.integers(1, 6))
    grid = st.lists(st.integers(-8, 8), min_size=n, max_size=n)
    signs = draw(st.lists(st.sampled_from([-1, 1]), min_size=n, max_size=n))
    return rationals(draw(grid), n), signs, Fraction(draw(st.integers(-3, 9)), 6), rationals(draw(grid), n)


LOSSES = {
    "multiclass": (multiclass_problems(), multiclass, multiclass_hinge, multiclass_hinge_forward),
    "binary": (binary_problems(), binary, binary_hinge, binary_hinge_forward),
}
every_loss = pytest.mark.parametrize("loss", LOSSES)


@every_loss
@settings(max_examples=60)
@given(st.data())
def test_value_is_the_definition_in_rationals(loss, data):
    problems, definition, value, forward = LOSSES[loss]
    y, t, margin, _ = data.draw(problems)
    result = value(y, t, margin)
    assert type(result) is Fraction
    assert result == definition(y, t, margin) == forward(y, t, margin)[0]


@every_loss
@settings(max_examples=60)
@given(st.data(), st.integers(-5, 5))
def test_adjoint_identity_in_rationals_at_the_margin_too(loss, data, y_bar):
    problems, _, _, forward = LOSSES[loss]
    y, t, margin, dot = data.draw(problems)
    _, at = forward(y, t, margin)
    logits_bar, y_dot = at.backward(Fraction(y_bar)), at.tangent(dot)
    assert logits_bar.shape == y.shape
    assert {type(v) for v in logits_bar.flat} == {Fraction} == {type(y_dot)}
    assert np.sum(logits_bar * dot) == y_dot * y_bar


@every_loss
@settings(max_examples=60)
@given(st.data())
def test_tangent_is_the_exact_difference_quotient_off_the_kinks(loss, data):
    problems, definition, _, forward = LOSSES[loss]
    y, t, margin, dot = data.draw(problems)
    margin += Fraction(1, 12)  # off the grid of sixths: no hinge at its margin, all of them 1/12 away or more
    step = Fraction(1, 100)  # |dot| <= 4/3, so no hinge moves by more than 8/3 * 1/100 < 1/12
    _, at = forward(y, t, margin)
    assert (definition(y + step * dot, t, margin) - definition(y, t, margin)) / step == at.tangent(dot)


@settings(max_examples=60)
@given(multiclass_problems())
def test_multiclass_gradient_entries(problem):
    y, t, margin, _ = problem
    gradient = multiclass_hinge_forward(y, t, margin)[1].backward(1)
    for row, label, g in zip(y, t, gradient, strict=True):
        wrong = [j for j in range(len(row)) if j != label]
        opened = {j for j in wrong if row[label] - row[j] < margin}  # 0 exactly at the margin
        assert all(g[j] == (Fraction(1, y.size) if j in opened else 0) for j in wrong)
        assert g[label] == Fraction(-len(opened), y.size)


def test_binary_gradient_entries_with_one_value_exactly_at_the_margin():
    values = np.array([2.0, 0.5, -0.5, -2.0, 1.0, -1.0])
    _, at = binary_hinge_forward(values, [1, 1, -1, -1, 1, -1], margin=1.0)
    assert np.array_equal(at.backward(6.0), [0.0, -1.0, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize(("n", "k"), [(1, 2), (7, 10), (301, 11)])
def test_rounding_of_the_multiclass_value_and_gradient(dtype, n, k):
    """Two subtractions a term, with errors below u (2 |gap| + |margin|); a sum of n k terms; a division; a rounding."""
    rng = np.random.default_rng(n)
    y, t = rng.standard_normal((n, k)).astype(dtype), rng.integers(0, k, n)
    loss, at = multiclass_hinge_forward(y, t, 0.5)
    exact = [[Fraction(float(v)) for v in row] for row in y]
    spread = Fraction(1, 2) + 2 * sum(abs(v) for row in exact for v in row) / n  # bounds margin + |gap| on average
    u = ROUNDOFF[dtype]
    terms = n * k * ROUNDOFF["float32" if dtype == "float16" else dtype]  # float16 sums in float32
    bound = (4 * u + terms) * spread
    assert loss.dtype == dtype
    assert abs(Fraction(float(loss)) - multiclass(exact, t, Fraction(1, 2))) <= bound
    gradient = at.backward(1.0)
    assert gradient.dtype == dtype
    opened = np.array([[float(row[i] - v < 0.5) for v in row] for row, i in zip(y, t, strict=True)])
    opened[np.arange(n), t] = 0
    opened[np.arange(n), t] = -opened.sum(axis=1)
    # a quotient and a product, then for float16 (whose subnormals are spaced 2^-24) one more rounding
    assert np.all(
        np.abs(gradient - opened / (n * k)) <= 3 * float(u) * np.abs(opened) / (n * k) + 2.0**-25 * (u > 1e-4)
    )


def test_float16_batches_neither_overflow_nor_vanish():
    n, k = 2048, 10
    y, t = np.full((n, k), 60.0, np.float16), np.zeros(n, int)
    y[:, 0] = -40.0
    loss, at = multiclass_hinge_forward(y, t, 1.0)  # each of 9 hinges lacks 101: the sum is 1.9e6, beyond float16
    assert loss == np.float16(101 * 9 / 10)
    scaled = at.backward(4096.0)  # loss scaling: 1 / (n k) would be a float16 subnormal, 4096 / (n k) = 0.2 is not
    assert np.array_equal(scaled[0, 1:], np.full(9, 0.2, np.float16))
    assert np.array_equal(scaled[:, 0], np.full(n, -9 * np.float32(0.2), np.float16))
    values = np.full(70_000, -60.0, np.float16)  # more samples than the largest float16
    loss, at = binary_hinge_forward(values, np.ones(70_000, int))
    assert loss == 61.0
    assert np.array_equal(at.backward(8192.0), np.full(70_000, -8192 / 70_000, np.float16))


def test_float16_is_computed_in_float32_and_rounded_once():
    apart = np.full((1, 10), -40000.0, np.float16)  # two logits are 80000 apart, which is no float16
    apart[0, 3] = 40000.0
    assert multiclass_hinge(apart, [0]) == np.float16((80001 + 8) / 10)
    assert multiclass_hinge_forward(apart, [0])[1].tangent(apart) == np.float16(8000)
    rng = np.random.default_rng(4)
    y, t, margin = (100 * rng.standard_normal((37, 10))).astype(np.float16), rng.integers(0, 10, 37), 1 / 3
    wide = y.astype(np.float32)
    s = np.where(t > 4, 1, -1)
    for forward, narrow_y, wide_y, target in (
        (multiclass_hinge_forward, y, wide, t),
        (binary_hinge_forward, y[:, 0], wide[:, 0], s),
    ):
        loss, at = forward(narrow_y, target, np.float16(margin))
        wide_loss, wide_at = forward(wide_y, target, np.float32(np.float16(margin)))
        assert loss == np.float16(wide_loss)
        assert np.array_equal(at.backward(100.0), wide_at.backward(100.0).astype(np.float16))
        assert at.tangent(narrow_y) == np.float16(wide_at.tangent(wide_y))


def test_longdouble_is_kept():
    tiny = np.finfo(np.longdouble).eps
    y = np.array([[1 + tiny, 1]], np.longdouble)
    loss, at = multiclass_hinge_forward(y, [1], margin=0)
    assert loss == tiny / 2
    assert at.backward(1).dtype == np.longdouble
    loss, at = binary_hinge_forward(y[0], [-1, 1], margin=-1)
    assert loss == tiny / 2
    assert at.tangent(y[0]).dtype == np.longdouble


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_types_of_value_cotangent_and_tangent(dtype):
    y = np.array([[0.5, -1.0, 2.0], [0.25, 1.0, 0.0]], dtype)
    for forward, x, t in ((multiclass_hinge_forward, y, [0, 2]), (binary_hinge_forward, y[0], [1, -1, 1])):
        loss, at = forward(x, t)
        assert loss.dtype == dtype
        assert loss.shape == ()
        for y_bar in (2, 2.0, np.float64(2.0), np.array(2.0), np.float16(2.0)):
            assert at.backward(y_bar).dtype == dtype
            assert np.array_equal(at.backward(y_bar), 2 * at.backward(1))
        assert at.tangent(x).dtype == dtype


def test_what_is_kept_has_the_documented_bytes():
    _, at = multiclass_hinge_forward(np.zeros((5, 7)), np.zeros(5, np.uint8))
    assert (at.active.dtype, at.active.nbytes, at.labels.dtype) == (bool, 35, np.intp)
    _, at = binary_hinge_forward(np.zeros(5), np.ones(5))
    assert (at.slopes.dtype, at.slopes.nbytes) == (np.int8, 5)


def test_strided_and_read_only_inputs_are_left_alone():
    y = np.arange(24.0).reshape(4, 6) % 7
    y.flags.writeable = False
    t = np.array([0, 9, 1, 9, 2, 9, 0])[::2]  # no 9 is met where the strides are honoured
    before = y.copy(), t.copy()
    assert multiclass_hinge(y[:, ::-2], t) == multiclass_hinge(y[:, ::-2].copy(), t.copy())
    assert binary_hinge(y[::-1, 0], [1, -1, 1, 1]) == binary_hinge(y[::-1, 0].copy(), [1, -1, 1, 1])
    assert np.array_equal(y, before[0])
    assert np.array_equal(t, before[1])


def test_nan_makes_the_loss_nan_and_the_gradient_finite():
    loss, at = multiclass_hinge_forward(np.array([[0.0, np.nan, 5.0]]), [0])
    assert np.isnan(loss)
    assert np.array_equal(at.backward(3.0), [[-1.0, 0.0, 1.0]])
    loss, at = binary_hinge_forward(np.array([np.nan, 0.0]), [1, 1])
    assert np.isnan(loss)
    assert np.array_equal(at.backward(2.0), [0.0, -1.0])


def test_infinite_logits():
    assert multiclass_hinge(np.array([[np.inf, 0.0, 1.0]]), [0]) == 0  # infinitely right
    assert multiclass_hinge(np.array([[np.inf, 0.0, 1.0]]), [1]) == np.inf
    assert multiclass_hinge(np.array([[-np.inf, 0.0, 1.0]]), [1]) == np.float64(2.0) / 3
    assert np.isnan(multiclass_hinge(np.array([[np.inf, np.inf, 1.0]]), [1]))
    assert binary_hinge(np.array([np.inf, -np.inf]), [1, -1]) == 0


def test_signs_of_any_type():
    v = np.array([0.5, -0.25, 2.0], np.float32)
    s = [1, -1, -1]
    for dtype in (np.int8, np.int64, np.float16, np.float64):
        assert binary_hinge(v, np.array(s, dtype)) == np.float32((0.5 + 0.75 + 3.0) / 3)
    assert binary_hinge(v, [Fraction(i) for i in s]) == binary_hinge(v, s)


@pytest.mark.parametrize("call", [multiclass_hinge, multiclass_hinge_forward])
@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), ValueError, "logits is empty, and an empty batch has no mean"),
        (np.zeros((2, 1)), [0, 0], ValueError, r"at least 2 classes, got shape \(2, 1\)"),
        (np.zeros((2, 0)), [0, 0], ValueError, "at least 2 classes"),
        (np.zeros(3), [0], ValueError, "logits must have 2 dimensions"),
        (np.zeros((2, 3)), [0], ValueError, r"labels must have shape \(2,\), one for each row of logits, got \(1,\)"),
        (np.zeros((2, 3)), [[0], [1]], ValueError, r"labels must have shape \(2,\)"),
        (np.zeros((2, 3)), 0, ValueError, r"labels must have shape \(2,\).*got \(\)"),
        (np.zeros((2, 3)), [0, 3], ValueError, r"labels\[1\] is 3, out of range for 3 classes \(0 to 2\)"),
        (np.zeros((2, 3)), [-1, 0], ValueError, r"labels\[0\] is -1, out of range"),
        (np.zeros((2, 3)), [0.0, 1.0], TypeError, "labels has dtype float64; pass integers 0 to 2"),
        (np.zeros((2, 3)), [True, False], TypeError, "labels has dtype bool"),
        (np.zeros((2, 3)), ["a", "b"], TypeError, "labels has dtype <U1"),
        (np.zeros((2, 3), int), [0, 1], TypeError, "logits has dtype int64"),
        (np.zeros((2, 3), complex), [0, 1], TypeError, "logits has dtype complex128"),
    ],
)
def test_bad_logits_and_labels(call, logits, labels, error, message):
    with pytest.raises(error, match="multiclass_hinge: .*" + message):
        call(logits, labels)


@pytest.mark.parametrize("call", [binary_hinge, binary_hinge_forward])
@pytest.mark.parametrize(
    ("values", "signs", "error", "message"),
    [
        (np.zeros(0), [], ValueError, "values is empty"),
        (np.zeros((2, 1)), [[1], [1]], ValueError, "values must have 1 dimensions"),
        (np.zeros(2), [1], ValueError, r"signs must have shape \(2,\), got \(1,\)"),
        (np.zeros(2), 1, ValueError, r"signs must have shape \(2,\), got \(\)"),
        (np.zeros(2), [1, 0], ValueError, r"signs must be \+1 or -1, got .*0.*2 \* labels - 1"),
        (np.zeros(2), [1.0, np.nan], ValueError, r"signs must be \+1 or -1, got .*nan"),
        (np.zeros(2), [1.0, 0.5], ValueError, r"signs must be \+1 or -1"),
        (np.zeros(2, int), [1, 1], TypeError, "values has dtype int64"),
    ],
)
def test_bad_values_and_signs(call, values, signs, error, message):
    with pytest.raises(error, match="binary_hinge: .*" + message):
        call(values, signs)


@pytest.mark.parametrize(
    ("margin", "error", "message"),
    [
        (np.nan, ValueError, "margin must be finite in float32, got nan"),
        (1e300, ValueError, "margin must be finite in float32, got 1e\\+300"),
        ("1", TypeError, r"margin must be a real number, got '1' \(str\)"),
        (True, TypeError, "margin must be a real number"),
        (np.ones(2), TypeError, "margin must be a real number"),
        (Fraction(1, 2), TypeError, "margin must be a real number"),
    ],
)
def test_bad_margins(margin, error, message):
    with pytest.raises(error, match=message):
        multiclass_hinge(np.zeros((2, 3), np.float32), [0, 1], margin)
    with pytest.raises(error, match=message):
        binary_hinge(np.zeros(2, np.float32), [1, -1], margin)


def test_rational_values_take_rational_numbers_only():
    y = rationals([1, 2], (1, 2))
    with pytest.raises(TypeError, match=r"margin must be a Fraction or an int, got 1.0 \(float\)"):
        multiclass_hinge(y, [0], 1.0)
    _, at = multiclass_hinge_forward(y, [0], 1)
    with pytest.raises(TypeError, match="y_bar must be a Fraction or an int"):
        at.backward(1.0)


def test_cotangents_and_tangents_that_are_refused():
    _, at = multiclass_hinge_forward(np.zeros((2, 3)), [0, 1])
    with pytest.raises(TypeError, match="y_bar must be a real number"):
        at.backward(np.ones(2))
    with pytest.raises(ValueError, match=r"logits_dot must have shape \(2, 3\), got \(3,\)"):
        at.tangent(np.zeros(3))
    with pytest.raises(TypeError, match="logits_dot has dtype float32, the loss was taken in float64"):
        at.tangent(np.zeros((2, 3), np.float32))
    _, at = binary_hinge_forward(np.zeros(2), [1, -1])
    with pytest.raises(TypeError, match="y_bar must be a real number"):
        at.backward(None)
    with pytest.raises(ValueError, match=r"values_dot must have shape \(2,\), got \(3,\)"):
        at.tangent(np.zeros(3))
