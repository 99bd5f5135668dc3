"""Cross-entropy and its gradient against 60-digit decimals; the decimals know nothing of log-sum-exp."""

from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.cross_entropy import cross_entropy, cross_entropy_forward

# exponents far beyond those of any float: exp(-1e5) does not underflow here, so the plain definition can be used
EXACT = Context(prec=60, Emin=-(10**9), Emax=10**9)
UNIT = {np.float16: 2.0**-11, np.float32: 2.0**-24, np.float64: 2.0**-53}
LARGEST_NORMAL_EXPONENT = {np.float32: 87, np.float64: 708}  # exp(-x) is a normal number up to here


def scores(row, label, temperature, margin):
    """z = temperature * (y - margin * onehot(t))."""
    lowered = [EXACT.subtract(v, margin) if j == label else v for j, v in enumerate(row)]
    return [EXACT.multiply(temperature, v) for v in lowered]


def softmax(z):
    weights = [EXACT.exp(v) for v in z]
    total = Decimal(0)
    for weight in weights:
        total = EXACT.add(total, weight)
    return [EXACT.divide(weight, total) for weight in weights]


def definition(y, t, temperature=1.0, margin=0.0):
    """The losses, and their gradients with respect to the logits, of each sample: -log softmax(z)[t]."""
    losses, gradients = [], []
    for row, label in zip(y, t, strict=True):
        p = softmax(
            scores([Decimal(float(v)) for v in row], label, Decimal(float(temperature)), Decimal(float(margin)))
        )
        wrong = EXACT.subtract(1, p[label])
        if wrong < Decimal("1e-25"):  # log(1 - w) = -w - w^2/2 - ...: w^3/3 is beyond the 60 - 25 digits that matter
            wrong = sum((v for j, v in enumerate(p) if j != label), Decimal(0))
            losses.append(EXACT.add(wrong, EXACT.divide(EXACT.multiply(wrong, wrong), 2)))
        else:
            losses.append(-EXACT.ln(p[label]))
        p[label] = -wrong
        gradients.append([EXACT.multiply(Decimal(float(temperature)), v) for v in p])
    return losses, gradients


def relative(computed, exact):
    """|computed - exact| / |exact|, where exact is not below the smallest normal number."""
    return float(abs(EXACT.subtract(Decimal(float(computed)), exact)) / abs(exact)) if exact else 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [0.1, 3.0, 30.0, 80.0])
def test_relative_accuracy_of_every_sample_tiny_losses_included(dtype, spread):
    """The bound of the docstring, at temperature 1 and margin 0: (2 D + k + 8) u."""
    rng = np.random.default_rng(int(10 * spread))
    n, k = 40, 7
    y = (rng.random((n, k)) * spread).astype(dtype)
    t = rng.integers(0, k, n)
    t[: n // 2] = np.argmax(y[: n // 2], axis=1)  # well classified: losses down to exp(-spread)
    assert spread <= LARGEST_NORMAL_EXPONENT[dtype]
    exact, _ = definition(y, t)
    for i in range(n):
        gap = float(y[i].max() - y[i].min())
        assert relative(cross_entropy(y[i : i + 1], t[i : i + 1]), exact[i]) <= (2 * gap + k + 8) * UNIT[dtype]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_temperature_and_margin_within_the_derived_bound(dtype):
    rng = np.random.default_rng(5)
    n, k = 30, 5
    y, t = rng.standard_normal((n, k)).astype(dtype), rng.integers(0, k, n)
    for temperature, margin in ((0.5, 0.0), (8.0, 0.75), (0.125, -3.0), (16.0, 1.5)):  # numbers that every type holds
        exact, _ = definition(y, t, temperature, margin)
        for i in range(n):
            z = y[i] - margin * (np.arange(k) == t[i])
            gap = temperature * float(z.max() - z.min())
            bound = (2 * gap + k + 8 + 1.5 * temperature * abs(float(z[t[i]]))) * UNIT[dtype]
            computed = cross_entropy(y[i : i + 1], t[i : i + 1], temperature, margin)
            assert relative(computed, exact[i]) <= bound


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_entries_keep_their_relative_accuracy(dtype):
    """p_j is an exponential over a sum: twice the loss's error; the true class is minus the sum of the others."""
    rng = np.random.default_rng(6)
    n, k, temperature = 30, 6, 4.0
    y, t = (5 * rng.random((n, k))).astype(dtype), rng.integers(0, k, n)
    t[:15] = np.argmax(y[:15], axis=1)
    _, at = cross_entropy_forward(y, t, temperature)
    computed = at.backward(float(n))
    assert computed.dtype == dtype
    _, exact = definition(y, t, temperature)
    bound = 2 * (2 * 20 + 2 * k + 8) * UNIT[dtype]  # D <= 4 * 5
    assert (
        max(
            relative(c, e)
            for row, reference in zip(computed, exact, strict=True)
            for c, e in zip(row, reference, strict=True)
        )
        <= bound
    )


def test_averages_over_the_batch():
    rng = np.random.default_rng(7)
    y, t = rng.standard_normal((13, 4)), rng.integers(0, 4, 13)
    losses, gradients = definition(y, t, 2.0, 0.25)
    loss, at = cross_entropy_forward(y, t, 2.0, 0.25)
    # all of moderate size: the bounds of the tests above stay below 1e-14
    assert abs(loss - float(sum(losses) / 13)) <= 1e-14 * loss
    assert np.allclose(at.backward(3.0), 3.0 / 13 * np.array(gradients, float), rtol=1e-13, atol=0)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 1.0, 4.0]), st.sampled_from([0.0, 0.5]))
def test_adjoint_identity(seed, temperature, margin):
    rng = np.random.default_rng(seed)
    n, k = 3, 5
    y, t, dot, y_bar = rng.standard_normal((n, k)), rng.integers(0, k, n), rng.standard_normal((n, k)), rng.normal()
    loss, at = cross_entropy_forward(y, t, temperature, margin)
    assert loss == cross_entropy(y, t, temperature, margin)
    gradient = at.backward(y_bar)
    # 15 products and a sum on either side, a few more factors: fewer than 30 roundings of terms of this total size
    scale = np.sum(np.abs(gradient * dot))
    assert abs(np.sum(gradient * dot) - y_bar * at.tangent(dot)) <= 30 * UNIT[np.float64] * scale


def test_residual_rows_sum_to_zero_and_small_gradients_survive():
    y, t = np.array([[40.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), [0, 1]
    _, at = cross_entropy_forward(y, t)
    assert at.residual[0, 0] == -(at.residual[0, 1] + at.residual[0, 2]) != 0  # softmax - 1 would be 0
    assert np.all(np.abs(at.residual.sum(axis=1)) <= 4 * UNIT[np.float64])


def test_huge_logits_neither_overflow_nor_warn():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        huge = np.finfo(dtype).max
        y = np.array([[huge, -huge, 0], [huge, huge, huge]], dtype)
        loss, at = cross_entropy_forward(y, [0, 1])
        assert loss.dtype == dtype
        assert abs(float(loss) - np.log(3) / 2) <= 2 * float(np.finfo(dtype).eps)
        assert np.isfinite(at.backward(1.0)).all()
        assert np.array_equal(at.residual[0], [0, 0, 0])
    assert cross_entropy(np.array([[1e308, -1e308]]), [1]) == np.inf  # 2e308 is no float64
    assert cross_entropy(np.array([[1e200, 0.0]]), [1]) == 1e200
    assert cross_entropy(np.array([[1e200, 0.0]]), [1], temperature=1e-100) == pytest.approx(1e100, rel=1e-15)


def test_losses_below_the_unit_roundoff_are_not_lost():
    assert cross_entropy(np.array([[100.0, 0.0]]), [0]) == pytest.approx(np.exp(-100.0), rel=1e-13)
    assert cross_entropy(np.array([[np.float32(50.0), 0.0]], np.float32), [0]) == pytest.approx(np.exp(-50.0), rel=1e-5)


def test_float16_is_computed_in_float32_and_rounded_once():
    rng = np.random.default_rng(8)
    y, t = rng.standard_normal((2500, 10)).astype(np.float16), rng.integers(0, 10, 2500)
    loss, at = cross_entropy_forward(y, t, 2.0, 0.5)
    wide, wide_at = cross_entropy_forward(y.astype(np.float32), t, 2.0, 0.5)
    assert (loss.dtype, at.residual.dtype) == (np.float16, np.float32)
    assert loss == np.float16(wide)
    assert np.array_equal(at.backward(1024.0), wide_at.backward(1024.0).astype(np.float16))
    assert at.tangent(y) == np.float16(wide_at.tangent(y.astype(np.float32)))


def test_longdouble_is_kept():
    y = np.array([[0, 0, 0]], np.longdouble)
    loss, at = cross_entropy_forward(y, [0])
    assert (loss.dtype, at.backward(1).dtype) == (np.longdouble, np.longdouble)
    assert abs(loss - np.log(np.longdouble(3))) <= 4 * np.finfo(np.longdouble).eps


def test_invariances():
    y, t = np.array([[1.0, 5.0, -2.0], [0.5, 0.25, 3.0]]), np.array([2, 0])
    loss = cross_entropy(y, t)
    assert cross_entropy(y + 16.0, t) == loss  # exact shifts
    assert cross_entropy(2 * y, t) == cross_entropy(y, t, temperature=2.0)
    assert cross_entropy(y[:, [1, 2, 0]], [1, 2]) == pytest.approx(loss, rel=1e-15)
    lowered = y.copy()
    lowered[[0, 1], t] -= 0.75
    assert cross_entropy(y, t, margin=0.75) == cross_entropy(lowered, t)


def test_a_large_temperature_approaches_the_hinge_of_width_zero():
    """log sum exp(beta d) / beta lies between max(d) and max(d) + log(k) / beta, d = y - y_t + margin off the label."""
    y, margin, beta = np.array([[1.0, 0.5, -2.0]]), 0.75, 1024.0
    worst = max(0.0, 0.5 - 1.0 + margin, -2.0 - 1.0 + margin)
    scaled = cross_entropy(y, [0], beta, margin) / beta
    assert worst <= scaled <= worst + np.log(3) / beta


def test_nan_and_infinite_logits():
    with np.errstate(invalid="ignore"):
        assert np.isnan(cross_entropy(np.array([[np.nan, 0.0]]), [1]))
        assert np.isnan(cross_entropy(np.array([[np.inf, 0.0]]), [0]))
    loss, at = cross_entropy_forward(np.array([[-np.inf, 0.0, 0.0]]), [1])
    assert loss == np.log(2.0)
    assert np.array_equal(at.backward(2.0), [[0.0, -1.0, 1.0]])
    assert cross_entropy(np.array([[-np.inf, 0.0]]), [0]) == np.inf


def test_strided_and_read_only_inputs_are_left_alone():
    y = np.arange(24.0).reshape(4, 6) % 7
    y.flags.writeable = False
    before = y.copy()
    assert cross_entropy(y[:, ::-2], [0, 1, 2, 0], 2.0, 0.5) == cross_entropy(y[:, ::-2].copy(), [0, 1, 2, 0], 2.0, 0.5)
    assert np.array_equal(y, before)


@pytest.mark.parametrize("call", [cross_entropy, cross_entropy_forward])
@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), ValueError, "logits is empty"),
        (np.zeros((2, 1)), [0, 0], ValueError, "at least 2 classes"),
        (np.zeros(3), [0], ValueError, "logits must have 2 dimensions"),
        (np.zeros((2, 3)), [0], ValueError, r"labels must have shape \(2,\)"),
        (np.zeros((2, 3)), [0, 3], ValueError, r"labels\[1\] is 3, out of range for 3 classes"),
        (np.zeros((2, 3)), [-1, 0], ValueError, r"labels\[0\] is -1, out of range"),
        (np.zeros((2, 3)), np.eye(3)[:2], TypeError, "labels has dtype float64"),
        (np.zeros((2, 3), int), [0, 1], TypeError, "logits has dtype int64"),
        (np.array([[None, None]]), [0], TypeError, "logits has dtype object"),
    ],
)
def test_bad_logits_and_labels(call, logits, labels, error, message):
    with pytest.raises(error, match="cross_entropy: .*" + message):
        call(logits, labels)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"temperature": 0.0}, ValueError, "temperature must be positive, got 0.0"),
        ({"temperature": -1.0}, ValueError, "temperature must be positive, got -1.0"),
        ({"temperature": np.nan}, ValueError, "temperature must be finite in float32, got nan"),
        ({"temperature": 1e-60}, ValueError, "temperature must be positive, got 1e-60"),  # 0 in float32
        ({"temperature": "1"}, TypeError, "temperature must be a real number"),
        ({"margin": np.inf}, ValueError, "margin must be finite"),
        ({"margin": None}, TypeError, "margin must be a real number"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match="cross_entropy: " + message):
        cross_entropy(np.zeros((2, 3), np.float32), [0, 1], **parameters)


def test_cotangents_and_tangents_that_are_refused():
    _, at = cross_entropy_forward(np.zeros((2, 3)), [0, 1])
    with pytest.raises(TypeError, match="y_bar must be a real number"):
        at.backward(np.ones(2))
    with pytest.raises(ValueError, match=r"logits_dot must have shape \(2, 3\), got \(3, 2\)"):
        at.tangent(np.zeros((3, 2)))
    with pytest.raises(TypeError, match="logits_dot has dtype float32, the loss was taken in float64"):
        at.tangent(np.zeros((2, 3), np.float32))
