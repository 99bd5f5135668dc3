"""operator_norm against the vertices of the unit ball, duality and the subgradient inequality, in exact rationals."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops.operator_norm import operator_norm, operator_norm_forward

DTYPES = ["float16", "float32", "float64", "longdouble"]
INF = math.inf
PAIRS = [(1, 1), (1, 2), (1, INF), (2, INF), (INF, INF)]
HARD = [(INF, 1), (INF, 2), (2, 1)]
DUAL = {1: INF, 2: 2, INF: 1}
shapes = st.sampled_from([(2, 3), (3, 2), (1, 4), (4, 1), (5, 3)])


def exact(values):
    """Any array of floats, as an object array of Fractions."""
    entries = [Fraction(*x.as_integer_ratio()) for x in np.asarray(values).flat]
    return np.array([*entries, None], dtype=object)[:-1].reshape(np.shape(values))


def measure(row, p):
    """``||row||_p``, for p = 2 its square: a rational number."""
    sizes = [abs(x) for x in row]
    return max(sizes) if p == INF else sum(x ** int(p) for x in sizes)


def by_definition(w, p, q):
    """The maximum over the unit ball in rationals, squared for a 2-norm: over its vertices; row by row for (2, inf)."""
    if p == 2:  # x = row / ||row|| attains Cauchy and Schwarz for each entry of W x
        return max(measure(row, 2) for row in w)
    d = w.shape[1]
    signs = itertools.product([Fraction(1), Fraction(-1)], repeat=d)
    vertices = signs if p == INF else ([Fraction(i == j) for i in range(d)] for j in range(d))
    return max(measure([np.dot(row, x) for row in w], q) for x in vertices)


def weights(dtype):
    # halves with few bits, so that ties are common; of every scale
    low, high = {"float16": (-18, 8), "float32": (-140, 120)}.get(dtype, (-1060, 1015))
    mantissas = shapes.flatmap(lambda s: hnp.arrays(np.float64, s, elements=st.integers(-8, 8).map(float)))
    noise = st.sampled_from([0.0, 1 / 3])
    return st.builds(lambda m, e, c: np.ldexp(m * (1 - c), e).astype(dtype), mantissas, st.integers(low, high), noise)


@pytest.mark.parametrize(("p", "q"), PAIRS)
@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_the_greatest_value_on_the_unit_ball(dtype, p, q, data):
    w = data.draw(weights(dtype))
    value = operator_norm(w, p, q)
    assert type(value) is np.dtype(dtype).type
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(
        max(w.shape) + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"]
    )
    slack = u + (1 + u) * gamma
    got, wanted = exact(value)[()], by_definition(exact(w), p, q)
    two = 2 in (p, q)
    low, high = max(got - eta, Fraction(0)) / (1 + slack), (got + eta) / (1 - slack)
    assert (low * low if two else low) <= wanted <= (high * high if two else high)


@pytest.mark.parametrize(("p", "q"), PAIRS)
@given(data=st.data())
def test_the_transpose_has_the_dual_norm(p, q, data):
    w = data.draw(weights("float64"))
    assert operator_norm(w, p, q) == operator_norm(w.T, DUAL[q], DUAL[p])


@pytest.mark.parametrize(("p", "q"), [*PAIRS, (2, 2)])
@given(data=st.data())
def test_the_gradient_satisfies_the_subgradient_inequality(p, q, data):
    # small integers: sums of fewer than 64 of them are exact, only roots and singular values round
    entries = st.integers(-4, 4).map(float)
    w = data.draw(shapes.flatmap(lambda s: hnp.arrays(np.float64, s, elements=entries)))
    d = data.draw(hnp.arrays(np.float64, w.shape, elements=entries))
    value, at = operator_norm_forward(w, p, q)
    assert value == operator_norm(w, p, q)
    # norms below 4 sqrt(20) plus 4 sqrt(20); LAPACK's singular values and vectors to some p(m, n) u, here 100 u
    slack = 0 if 2 not in (p, q) else 100 * 2.0**-53 * 64
    assert abs(at.tangent(w) - value) <= slack  # Euler: <G, W> = ||W||
    assert operator_norm(w + d, p, q) >= value + at.tangent(d) - slack
    assert operator_norm(w - d, p, q) >= value - at.tangent(d) - slack


@pytest.mark.parametrize(("p", "q"), [*PAIRS, (2, 2)])
@given(data=st.data())
def test_adjoint_identity(p, q, data):
    entries = st.integers(-4, 4).map(float)
    w = data.draw(shapes.flatmap(lambda s: hnp.arrays(np.float64, s, elements=entries)))
    d = data.draw(hnp.arrays(np.float64, w.shape, elements=entries))
    _, at = operator_norm_forward(w, p, q)
    forward, backward = 3 * exact(at.tangent(d))[()], sum((exact(at.backward(np.float64(3))) * exact(d)).flat)
    # |G_ij| <= 1 and 15 terms at most: the sum and each product round
    bound = rounding.gamma(17, rounding.UNIT_ROUNDOFF["float64"]) * 3 * sum(abs(exact(d)).flat)
    assert abs(forward - backward) <= bound


@pytest.mark.parametrize(("p", "q"), [*PAIRS, (2, 2)])
def test_derivative_is_the_limit_of_difference_quotients(p, q):
    rng = np.random.default_rng(6)
    w, d = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    _, at = operator_norm_forward(w, p, q)
    step = 2.0**-17
    central = (operator_norm(w + step * d, p, q) - operator_norm(w - step * d, p, q)) / (2 * step)
    # truncation step^2 |third derivative| / 6 and rounding u ||w|| / step are both near 1e-10 here
    assert abs(at.tangent(d) - central) <= 1e-9


def test_gradients_by_hand_at_ties():
    w = np.array([[3.0, -4.0, 0.0], [4.0, 0.0, 4.0]])
    wanted = {
        (1, 1): [[1, 0, 0], [1, 0, 0]],
        (1, 2): [[0.6, 0, 0], [0.8, 0, 0]],
        (1, INF): [[0, 0, 0], [1, 0, 0]],  # the first column with a greatest entry
        (2, INF): [[0, 0, 0], [0.5**0.5, 0, 0.5**0.5]],
        (INF, INF): [[0, 0, 0], [1, 0, 1]],
    }
    for (p, q), gradient in wanted.items():
        _, at = operator_norm_forward(w, p, q)
        np.testing.assert_allclose(at.gradient, gradient, rtol=1e-15)
    _, at = operator_norm_forward(np.zeros((2, 3)), 2, 2)
    assert not at.gradient.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_2_2_is_the_greatest_singular_value(dtype):
    # W = P diag(6, 2) Q^T with the rational rotations (3, 4)/5 and (5, 12)/13, and a rank-one product of triples
    p, q = np.array([[3, -4], [4, 3]]) / 5, np.array([[5, -12], [12, 5]]) / 13
    w = (p @ np.diag([6, 2]) @ q.T).astype(dtype)
    value, at = operator_norm_forward(w, 2, 2)
    assert type(value) is np.dtype(dtype).type
    u = float(rounding.UNIT_ROUNDOFF[dtype])
    assert abs(value - 6) <= 6 * 16 * u
    # the singular vectors are as accurate as u ||W|| over the gap 6 - 2
    np.testing.assert_allclose(at.gradient, np.outer(p[:, 0], q[:, 0]), atol=64 * u)
    assert at.gradient.dtype == np.dtype(dtype)
    outer = np.outer([3, 4], [2, -3, 6]).astype(dtype)
    assert abs(operator_norm(outer, 2, 2) - 35) <= 35 * 16 * u


@pytest.mark.parametrize(("p", "q"), HARD)
def test_hard_pairs_are_refused_and_say_why(p, q):
    for function in (operator_norm, operator_norm_forward):
        with pytest.raises(ValueError, match=r"NP-hard: .*(Rohn 2000|Steinberg 2005).*Hendrickx & Olshevsky \(2010\)"):
            function(np.ones((2, 3)), p, q)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_scale_is_special_and_a_norm_beyond_the_range_is_infinite(dtype):
    top, tiny = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    for p, q, factor in [(1, 2, 2), (2, INF, 3), (1, 1, 4), (INF, INF, 9)]:
        w = np.ones((4, 9), dtype)
        assert operator_norm(w * tiny, p, q) == factor * tiny
        assert operator_norm(w * (top / 16), p, q) == factor * (top / 16)
        assert operator_norm(w * top, p, q) == np.inf


def test_shapes_strides_and_read_only_input():
    w = (np.arange(24.0).reshape(4, 6) - 7)[::-2, ::-1]
    w.setflags(write=False)
    for p, q in [*PAIRS, (2, 2)]:
        value, at = operator_norm_forward(w, p, q)
        assert value == operator_norm(w.copy(), p, q)
        assert at.gradient.shape == at.backward(np.float64(1)).shape == (2, 6)
        for shape in [(0, 3), (3, 0), (0, 0)]:
            nothing, at = operator_norm_forward(np.empty(shape, np.float32), p, q)
            assert nothing == 0
            assert type(nothing) is np.float32
            assert at.gradient.shape == shape
        assert operator_norm(np.array([[-7.0]]), p, q) == 7


@pytest.mark.parametrize(("p", "q"), [*PAIRS, (2, 2)])
def test_nan_and_infinite_entries(p, q):
    value, at = operator_norm_forward(np.array([[np.nan, np.inf, 1.0]]), p, q)
    assert np.isnan(value)
    assert np.isnan(at.gradient).all()
    assert operator_norm(np.array([[2.0, -np.inf, 1.0]]), p, q) == np.inf


def test_bad_input_is_refused():
    w = np.ones((2, 3))
    with pytest.raises(TypeError, match="operator_norm: w has dtype int"):
        operator_norm([[1, 2]], 1, 1)
    with pytest.raises(ValueError, match="w must have 2 dimensions"):
        operator_norm(np.ones(3), 1, 1)
    for dtype in ("float16", "longdouble"):
        with pytest.raises(TypeError, match=r"\(2, 2\) takes float32 or float64"):
            operator_norm(w.astype(dtype), 2, 2)
    with pytest.raises(ValueError, match=r"q must be 1, 2 or math\.inf, got 3"):
        operator_norm(w, 1, 3)
    with pytest.raises(TypeError, match=r"p must be 1, 2 or math\.inf, got 'fro'"):
        operator_norm(w, "fro", 2)
    _, at = operator_norm_forward(w.astype(np.float32), 1, 1)
    with pytest.raises(ValueError, match=r"y_bar must have shape \(\)"):
        at.backward(np.ones(1, np.float32))
    with pytest.raises(TypeError, match="share one dtype"):
        at.backward(1.0)
    with pytest.raises(TypeError, match="share one dtype"):
        at.tangent(w)
    assert at.backward(np.float32(2)).dtype == np.float32
    assert type(at.tangent(w.astype(np.float32))) is np.float32
