"""project_simplex against its optimality conditions, in exact rationals, and against its rounding bounds in floats."""

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops.row_norms import radius_in
from refsort.ops.simplex import (
    centred,
    least_of_all_levels,
    lowest_level,
    project_simplex,
    project_simplex_forward,
)

DTYPES = ["float16", "float32", "float64", "longdouble"]
fractions = st.builds(Fraction, st.integers(-12, 12), st.sampled_from([1, 2, 3, 4]))  # few values: ties are common
radii = st.builds(Fraction, st.integers(1, 9), st.sampled_from([1, 2, 5]))
vectors = st.lists(fractions, min_size=1, max_size=6)


def exact(values):
    """Any array of floats, as an object array of Fractions."""
    entries = [Fraction(*x.as_integer_ratio()) for x in np.asarray(values).flat]
    return np.array([*entries, None], dtype=object)[:-1].reshape(np.shape(values))


def rational(values):
    return np.array([*values, None], dtype=object)[:-1]


def nearest_on_simplex(v, radius):
    """The definition: of all supports, the one whose multiplier satisfies the optimality conditions."""
    for bound in sorted(v, reverse=True):
        support = [x for x in v if x >= bound]
        tau = (sum(support) - radius) / len(support)
        if min(support) >= tau and all(x <= tau for x in v if x < bound):
            return [max(x - tau, Fraction(0)) for x in v], tau
    raise AssertionError(v)


def float_rows(dtype, shape):
    """Rows of all scales, subnormal and huge ones among them, and with large common offsets."""
    low, high = (-14, 14) if dtype == "float16" else (-140, 120) if dtype == "float32" else (-1060, 1015)
    mantissas = hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64), fill=st.nothing())
    return st.builds(lambda m, e, c: np.ldexp(m + c, e).astype(dtype), mantissas, st.integers(low, high), offsets)


offsets = st.sampled_from([0.0, 0.0, 1.0, -0.75])


@given(vectors, radii)
def test_rational_rows_satisfy_the_optimality_conditions(values, radius):
    v = rational(values)
    y = project_simplex(v, radius)
    assert all(type(entry) is Fraction for entry in y)
    assert sum(y) == radius
    assert min(y) >= 0
    # v - y = tau on the support and at most tau elsewhere: exactly the nearest point of a polyhedron
    tau = (v - y)[np.argmax(y)]
    assert all(gap == tau if entry > 0 else gap <= tau for gap, entry in zip(v - y, y, strict=True))


@given(vectors, vectors, radii)
def test_idempotent_and_nonexpansive_on_rationals(values, others, radius):
    length = min(len(values), len(others))
    v, w = rational(values[:length]), rational(others[:length])
    y, z = project_simplex(v, radius), project_simplex(w, radius)
    assert (project_simplex(y, radius) == y).all()
    # firmly: ||Py - Pz||^2 <= <Py - Pz, v - w>
    assert np.dot(y - z, y - z) <= np.dot(y - z, v - w)


@given(vectors, radii, fractions)
def test_a_common_shift_is_not_seen(values, radius, shift):
    v = rational(values)
    assert (project_simplex(v + shift, radius) == project_simplex(v, radius)).all()


@given(vectors, radii, st.data())
def test_piecewise_affine_a_small_step_is_the_jacobian_exactly(values, radius, data):
    v = rational(values)
    direction = rational(data.draw(st.lists(fractions, min_size=len(values), max_size=len(values))))
    _, tau = nearest_on_simplex(values, radius)
    y, at = project_simplex_forward(v, radius)
    assert at.support.tolist() == [x > tau for x in values]
    margin = min((abs(x - tau) for x in values if x != tau), default=Fraction(1))
    step = margin / (3 * max(1, *map(abs, direction)))  # tau moves by no more than the entries do
    change = (project_simplex(v + step * direction, radius) - y) / step
    ties = [i for i, x in enumerate(values) if x == tau]
    if not ties:
        assert (change == at.tangent(direction)).all()
    else:  # the Jacobian of one of the supports that count some of the tied entries in
        assert any((change == restricted(direction, at.support, tied)).all() for tied in subsets(ties))


def restricted(direction, support, tied):
    s = [bool(member) or i in tied for i, member in enumerate(support)]
    mean = sum(d for d, member in zip(direction, s, strict=True) if member) / sum(s)
    return rational([d - mean if member else Fraction(0) for d, member in zip(direction, s, strict=True)])


def subsets(items):
    return [[x for bit, x in enumerate(items) if mask >> bit & 1] for mask in range(2 ** len(items))]


@given(vectors, radii, st.data())
def test_adjoint_identity_is_exact_on_rationals(values, radius, data):
    u, w = (rational(data.draw(st.lists(fractions, min_size=len(values), max_size=len(values)))) for _ in range(2))
    _, at = project_simplex_forward(rational(values), radius)
    assert np.dot(at.tangent(u), w) == np.dot(u, at.backward(w))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60)
@given(data=st.data(), numerator=st.integers(1, 1000))
def test_float_rows_keep_the_promised_bounds(dtype, data, numerator):
    n, d = data.draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (2, 1), (1, 17)]))
    v = data.draw(float_rows(dtype, (n, d)))
    scale = max(float(np.abs(v).max()), float(np.finfo(dtype).tiny))
    radius = np.dtype(dtype).type(scale * numerator / 300)
    if not 0 < radius < np.inf:
        return
    y = project_simplex(v, radius)
    assert y.dtype == v.dtype
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])
    r = Fraction(*radius.as_integer_ratio())
    for row, result in zip(exact(v), exact(y), strict=True):
        wanted, _ = nearest_on_simplex(list(row), r)
        assert min(result) >= 0
        for entry, want in zip(result, wanted, strict=True):
            assert abs(entry - want) <= gamma * r + u * (want + gamma * r) + eta
        assert abs(sum(result) - r) <= (u + (1 + u) * d * gamma) * r + d * eta


def ascending_gaps(draw, elements):
    n, d = draw(st.sampled_from([(1, 4), (2, 5), (3, 8), (5, 3), (4, 1), (2, 13)]))
    steps = [draw(st.lists(elements, min_size=d - 1, max_size=d - 1)) for _ in range(n)]
    rows = [list(accumulate(row, initial=Fraction(0))) for row in steps]
    return rational([x for row in rows for x in row]).reshape(n, d)


def level_of(gaps, radius):
    """The level at which water stands above the gaps: ``sum max(level - g_i, 0) = radius``, solved on each support."""
    for k in range(len(gaps), 0, -1):
        level = (sum(gaps[:k]) + radius) / k
        if gaps[k - 1] < level:
            return level
    raise AssertionError(gaps)


# steps of 0 are ties; gaps of many chunks lie below the level, at it and above
steps = st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 12), Fraction(1, 3), Fraction(1), Fraction(5, 2)])


@given(st.data(), radii, st.integers(1, 9), st.sampled_from([1, Fraction(1, 7), 10**400]))  # no float holds 10^400
def test_levels_by_chunks_find_the_least_of_all_levels(data, radius, width, unit):
    gaps, radius = ascending_gaps(data.draw, steps) * unit, radius * unit
    levels = lowest_level(gaps, radius, width)
    assert levels.tolist() == [[level_of(row, radius)] for row in gaps]
    assert (levels == least_of_all_levels(gaps, radius)).all()


@pytest.mark.parametrize("dtype", ["float64", "longdouble"])
@settings(max_examples=200)
@given(st.data(), st.integers(1, 30), st.integers(1, 9), st.sampled_from([0, -30, 200, -1070]))
def test_levels_by_chunks_keep_their_bound_and_do_not_mix_rows(dtype, data, twelfths, width, exponent):
    # twelfths are rounded, and with them gaps that equal the level are about equal to it; -1070: subnormal
    gaps = np.ldexp(ascending_gaps(data.draw, steps).astype(dtype), exponent)
    radius = np.ldexp(np.dtype(dtype).type(twelfths) / 12, exponent)
    levels = lowest_level(gaps, radius, width)
    assert levels.dtype == dtype
    bound = rounding.gamma(gaps.shape[1] + 2, rounding.UNIT_ROUNDOFF[dtype])
    for i, row in enumerate(gaps):
        wanted = level_of(list(exact(row)), exact(radius)[()])
        assert abs(exact(levels[i, 0])[()] - wanted) <= bound * wanted + rounding.SMALLEST_SUBNORMAL[dtype]
        assert lowest_level(row, radius, width).tolist() == levels[i].tolist()


def test_gaps_at_the_level_to_rounding_are_left_to_the_plain_version():
    # l_1 = 0.1, and every later gap is within a few roundings of it: no computed answer says where the least level is
    noise = np.sort(np.random.default_rng(5).integers(-8, 9, (40, 99)), axis=1)
    gaps = np.hstack([np.zeros((40, 1)), 0.1 * (1 + noise * 2.0**-52)])
    assert lowest_level(gaps, 0.1, 4).tobytes() == least_of_all_levels(gaps, 0.1).tobytes()


@pytest.mark.parametrize("width", [1, 2, 5])
def test_levels_of_rows_that_are_not_finite(width):
    inf, nan = np.inf, np.nan
    gaps = np.array([[0.0, 1.0, inf, inf], [nan] * 4, [nan, inf, inf, inf], [0.0, 0.25, 0.25, inf]])
    with np.errstate(invalid="ignore"):  # as its caller does
        np.testing.assert_array_equal(lowest_level(gaps, 1.5, width), [[1.25], [nan], [nan], [2 / 3]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_many_chunks_keep_the_promised_bounds(dtype):
    # many chunks: from one active entry to all of them, ties at the threshold and a plateau across chunks
    d, rng = 601, np.random.default_rng(7)
    v = np.array(
        [
            rng.permutation(np.where(np.arange(d) < 3, 4.0, rng.random(d))),
            rng.random(d),
            rng.permutation(np.where(np.arange(d) < 257, 1.0, 0.0)),
            np.linspace(-1, 1, d) / 512,
            np.full(d, 0.1),
            rng.standard_normal(d) ** 5,
        ]
    ).astype(dtype)
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])
    for radius in (Fraction(1, 64), Fraction(1), Fraction(257), Fraction(1024)):
        y, at = project_simplex_forward(v, radius)
        for row, result, support in zip(exact(v), exact(y), at.support, strict=True):
            level = level_of(sorted(max(row) - row), radius)
            wanted = np.maximum(level - (max(row) - row), Fraction(0))
            assert (abs(result - wanted) <= gamma * radius + u * (wanted + gamma * radius) + eta).all()
            above = level - (max(row) - row)
            assert support[above > gamma * radius].all()
            assert not support[above < -gamma * radius].any()


def plain_centring(v, signs):
    """The Jacobian as it is written, a matrix for each row."""
    matrices = [np.diag(s * s) - np.outer(s, s) / max(1, np.count_nonzero(s)) for s in signs]
    return np.array([matrix @ row for matrix, row in zip(matrices, v, strict=True)])


@given(st.data(), st.sampled_from([(2, 3), (3, 5), (1, 7)]))
def test_centring_is_the_matrix_of_the_docstring(data, shape):
    signs = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(-1, 1)))
    v = rational(data.draw(st.lists(fractions, min_size=signs.size, max_size=signs.size))).reshape(shape)
    assert (centred(v, signs) == plain_centring(v, exact(signs.astype(float)))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_float_jacobian_is_that_of_its_support(dtype):
    # the last entry of the first row equals tau: a tie, not in the support
    v = np.array([[1.5, 0.75, 1.25, -3.0, 0.875], [0.0, 0.0, 0.0, 0.0, 0.0], [-8.0, 4.0, -1.0, 2.0, 3.5]], dtype)
    y, at = project_simplex_forward(v)
    assert at.support.tolist() == [[True, False, True, False, False], [True] * 5, [False, True, False, False, True]]
    u_dot = np.array([[1.0, -2.0, 0.5, 7.0, 3.0], [1.0, 2.0, 3.0, 4.0, 6.0], [5.0, 1.0, 1.0, 1.0, -2.0]], dtype)
    for result in (at.tangent(u_dot), at.backward(u_dot)):
        assert result.dtype == v.dtype
        for row, s, got in zip(exact(u_dot), at.support, exact(result), strict=True):
            mean = sum(row[s]) / int(s.sum())
            # the mean (at most 5 terms) and the difference round in double or better, and once more to the dtype
            slack = rounding.UNIT_ROUNDOFF[dtype] * 4 * max(abs(row))
            assert all(abs(g - s_ * (x - mean)) <= slack for g, s_, x in zip(got, s, row, strict=True))
    assert (y[at.support] > 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_far_from_the_simplex_nothing_is_lost(dtype):
    big = np.finfo(dtype).max / 4
    v = np.array([big, -big, big, big], dtype)
    assert project_simplex(v, 1.5).tolist() == [0.5, 0.0, 0.5, 0.5]


def test_shapes_strides_and_read_only_input():
    v = np.arange(24.0).reshape(4, 6)[::-2, ::-1] / 7
    before = v.copy()
    v.setflags(write=False)
    y = project_simplex(v)
    assert y.shape == (2, 6)
    assert all((project_simplex(row) == result).all() for row, result in zip(v, y, strict=True))
    assert (v == before).all()
    assert project_simplex(np.empty((0, 3))).shape == (0, 3)
    assert project_simplex(np.array([[-7.0]]), 2).tolist() == [[2.0]]
    _, at = project_simplex_forward(np.empty((0, 3)))
    assert at.backward(np.empty((0, 3))).shape == (0, 3)


def test_out_receives_the_result():
    v = np.array([[1.5, 0.75, 1.25]])
    out = np.empty_like(v)
    assert project_simplex(v, out=out) is out
    assert out.tolist() == [[0.625, 0.0, 0.375]]
    with pytest.raises(ValueError, match="shares memory"):
        project_simplex(v, out=v)
    with pytest.raises(ValueError, match="shape"):
        project_simplex(v, out=np.empty(3))


def test_nan_and_infinite_entries():
    v = np.array([[np.nan, 1.0, 2.0], [np.inf, 1.0, 2.0], [-np.inf, 1.0, 1.5], [-np.inf, -np.inf, -np.inf]])
    y, at = project_simplex_forward(v)
    assert np.isnan(y[[0, 1, 3]]).all()
    assert y[2].tolist() == [0.0, 0.25, 0.75]
    assert at.support.tolist() == [[False] * 3, [False] * 3, [False, True, True], [False] * 3]


@pytest.mark.parametrize("v", [np.array([1, 2]), np.array([True, False]), np.array([1j, 2]), [1, 2]])
def test_other_dtypes_are_refused(v):
    with pytest.raises(TypeError, match="project_simplex: v has dtype"):
        project_simplex(v)


@pytest.mark.parametrize("shape", [(), (2, 3, 4)])
def test_other_dimensions_are_refused(shape):
    with pytest.raises(ValueError, match=r"one vector .* or rows"):
        project_simplex(np.ones(shape))


def test_the_simplex_of_no_entries_is_empty():
    with pytest.raises(ValueError, match="no vector of length 0"):
        project_simplex(np.empty((3, 0)))


@pytest.mark.parametrize("radius", [0, -1.0, Fraction(-1, 2), float("nan"), float("inf"), np.float32(-2), np.int64(0)])
def test_a_radius_must_be_positive_and_finite(radius):
    with pytest.raises(ValueError, match="radius must be positive and finite, got"):
        project_simplex(np.ones(3), radius)


@pytest.mark.parametrize("radius", ["1", None, True, 1j, [1.0], np.ones(1), np.bool_(True)])
def test_a_radius_must_be_a_real_number(radius):
    with pytest.raises(TypeError, match="radius must be a real number"):
        project_simplex(np.ones(3), radius)


@pytest.mark.parametrize(("dtype", "radius"), [("float16", 1e5), ("float16", 1e-9), ("float64", 10**400)])
def test_a_radius_must_fit_the_dtype(dtype, radius):
    with pytest.raises(ValueError, match=f"in {dtype}; rescale"):
        project_simplex(np.ones(3, dtype), radius)


@pytest.mark.parametrize("radius", [0.1, Fraction(1, 10), np.float32(0.1), 3, np.int64(3), np.longdouble(0.1)])
def test_a_radius_is_rounded_to_the_dtype_and_exact_for_fractions(radius):
    for dtype in ("float16", "float32", "float64"):
        cast = radius_in("op", radius, np.dtype(dtype))
        assert type(cast) is np.dtype(dtype).type
        assert cast == np.dtype(dtype).type(float(radius))
    value = radius_in("op", radius, np.dtype(object))
    assert type(value) is Fraction
    assert type(value.numerator) is int
    assert value == (radius if isinstance(radius, Fraction) else Fraction(*float(radius).as_integer_ratio()))
    tenth = radius_in("op", Fraction(1, 10), np.dtype(np.longdouble))
    assert abs(exact(tenth)[()] - Fraction(1, 10)) <= rounding.UNIT_ROUNDOFF["longdouble"] / 10


def test_cotangents_must_fit():
    _, at = project_simplex_forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="y_bar must have shape"):
        at.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match="v_dot must have shape"):
        at.tangent(np.ones(3))
