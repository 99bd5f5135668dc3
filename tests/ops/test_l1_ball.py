"""project_l1_ball against its optimality conditions, in exact rationals, and against its rounding bounds in floats."""

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops.l1_ball import project_l1_ball, project_l1_ball_forward

DTYPES = ["float16", "float32", "float64", "longdouble"]
fractions = st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 3, 4]))  # few values: ties are common
radii = st.builds(Fraction, st.integers(1, 9), st.sampled_from([1, 2, 5]))
vectors = st.lists(fractions, min_size=1, max_size=6)


def exact(values):
    """Any array of floats, as an object array of Fractions."""
    entries = [Fraction(*x.as_integer_ratio()) for x in np.asarray(values).flat]
    return np.array([*entries, None], dtype=object)[:-1].reshape(np.shape(values))


def rational(values):
    return np.array([*values, None], dtype=object)[:-1]


def norm1(values):
    return sum((abs(x) for x in values), Fraction(0))


def tau_of(values, radius):
    """The root of ``sum max(|v_i| - tau, 0) = radius``: of all supports, the one that contradicts no entry."""
    sizes = sorted(map(abs, values), reverse=True)
    for bound in sizes:
        support = [x for x in sizes if x >= bound]
        tau = (sum(support) - radius) / len(support)
        if min(support) >= tau and all(x <= tau for x in sizes if x < bound):
            return tau
    raise AssertionError(values)


def nearest(values, radius):
    if norm1(values) <= radius:
        return list(values)
    tau = tau_of(values, radius)
    return [max(abs(x) - tau, Fraction(0)) * (1 if x > 0 else -1) for x in values]


@st.composite
def kinked(draw):
    """Rows built backwards: a point of the sphere, plus tau on its support, plus up to tau elsewhere."""
    values, tau = draw(vectors), abs(draw(fractions))
    assume(norm1(values) > 0)
    filler = [tau * draw(st.sampled_from([Fraction(0), Fraction(1, 2), 1, -1])) for _ in values]
    row = [x + (tau if x > 0 else -tau) if x else f for x, f in zip(values, filler, strict=True)]
    return row, norm1(values), values


def directions(data, length):
    return rational(data.draw(st.lists(fractions, min_size=length, max_size=length)))


@given(vectors, radii)
def test_rational_rows_satisfy_the_optimality_conditions(values, radius):
    v = rational(values)
    y = project_l1_ball(v, radius)
    assert all(type(entry) is Fraction for entry in y)
    assert norm1(y) <= radius
    tau = max(abs(v - y))
    if norm1(values) <= radius:
        assert tau == 0
    else:
        assert norm1(y) == radius  # complementary slackness
    # v - y = tau s with s a subgradient of the l1 norm at y
    for gap, entry in zip(v - y, y, strict=True):
        assert gap == tau * (1 if entry > 0 else -1) if entry else abs(gap) <= tau


@given(kinked())
def test_rows_built_backwards_return_to_their_projection(case):
    row, radius, projection = case
    assert project_l1_ball(rational(row), radius).tolist() == projection


@given(vectors, vectors, radii)
def test_idempotent_nonexpansive_and_normal_on_rationals(values, others, radius):
    length = min(len(values), len(others))
    v, w = rational(values[:length]), rational(others[:length])
    y, z = project_l1_ball(v, radius), project_l1_ball(w, radius)
    assert (project_l1_ball(y, radius) == y).all()
    assert np.dot(y - z, y - z) <= np.dot(y - z, v - w)  # firmly nonexpansive
    # Moreau: v - y is the proximal point of radius * max|.|, so y attains the support function at v - y
    assert np.dot(v - y, y) == radius * max(abs(v - y))


@given(vectors, radii, st.data())
def test_piecewise_affine_a_small_step_is_the_jacobian_exactly(values, radius, data):
    assume(norm1(values) != radius)
    d = directions(data, len(values))
    y, at = project_l1_ball_forward(rational(values), radius)
    size = max(1, *map(abs, d))
    if norm1(values) < radius:
        step, ties = (radius - norm1(values)) / (2 * len(values) * size), []
    else:
        tau = tau_of(values, radius)  # moves by no more than the entries do
        margin = min([tau, *(abs(abs(x) - tau) for x in values if abs(x) != tau)])
        step, ties = margin / (3 * size), [i for i, x in enumerate(values) if abs(x) == tau]
        step = min(step, (norm1(values) - radius) / (2 * len(values) * size))
    change = (project_l1_ball(rational(values) + step * d, radius) - y) / step
    if not ties:
        assert (change == at.tangent(d)).all()
    else:  # one of the extreme points of the Clarke Jacobian, and ours is the first of them
        elements = [outside_jacobian(values, tau, chosen, d) for chosen in subsets(ties)]
        assert (elements[0] == at.tangent(d)).all()
        assert any((change == element).all() for element in elements)
        inwards = rational([-x if i in ties else Fraction(0) for i, x in enumerate(values)])
        after = project_l1_ball(rational(values) + step / (1 + max(map(abs, inwards))) * inwards, radius)
        assert (after == y).all()  # tied entries that shrink stay zero: the side on which the Jacobian used is exact
        assert not at.tangent(inwards).any()


def subsets(items):
    return [[x for bit, x in enumerate(items) if mask >> bit & 1] for mask in range(2 ** len(items))]


def outside_jacobian(values, tau, tied, direction):
    s = [(1 if x > 0 else -1) if abs(x) > tau or i in tied else 0 for i, x in enumerate(values)]
    mean = sum(a * d for a, d in zip(s, direction, strict=True)) / sum(map(abs, s))
    return rational([abs(a) * d - a * mean for a, d in zip(s, direction, strict=True)])


@given(vectors, st.data())
def test_on_the_sphere_the_identity_is_used_and_is_exact_inwards(values, data):
    radius = norm1(values)
    assume(radius > 0)
    v, d = rational(values), directions(data, len(values))
    y, at = project_l1_ball_forward(v, radius)
    assert (y == v).all()
    assert at.inside.all()
    assert (at.tangent(d) == d).all()
    assert (project_l1_ball(v - v / 7, radius) - y == at.tangent(-v / 7)).all()


@given(vectors, radii, st.data())
def test_adjoint_identity_is_exact_on_rationals(values, radius, data):
    u, w = (directions(data, len(values)) for _ in range(2))
    _, at = project_l1_ball_forward(rational(values), radius)
    assert np.dot(at.tangent(u), w) == np.dot(u, at.backward(w))


@given(kinked())
def test_the_kept_signs_are_those_of_the_active_entries(case):
    row, radius, projection = case
    _, at = project_l1_ball_forward(rational(row), radius)
    assert at.signs.dtype == np.int8
    assert at.inside.tolist() == [norm1(row) <= radius]
    wanted = [0 if at.inside[0] else (x > 0) - (x < 0) for x in projection]
    assert at.signs.tolist() == wanted


def float_rows(dtype, shape):
    """Rows of all scales, with subnormal and huge ones among them, full of ties and zeros."""
    low, high = {"float16": (-24, 15), "float32": (-149, 126)}.get(dtype, (-1074, 1020))
    mantissas = hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64))
    noise = st.sampled_from([0.0, 1 / 3, 1e-3])
    return st.builds(lambda m, e, c: np.ldexp(m * (1 - c), e).astype(dtype), mantissas, st.integers(low, high), noise)


def draw_float_case(data, dtype):
    n, d = data.draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (2, 1), (1, 17)]))
    v = data.draw(float_rows(dtype, (n, d)))
    size = float(norm1(exact(v[0]))) if v[0].any() else float(np.finfo(dtype).tiny)
    # on the sphere to rounding, just within, just beyond, far in, far out
    factor = data.draw(st.sampled_from([1, 1 - 2**-10, 1 + 2**-10, 4, 0.25, 1 / 300, 1e-8]))
    with np.errstate(over="ignore"):
        radius = np.dtype(dtype).type(size * factor)
    assume(0 < radius < np.inf)
    return v, radius


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=80)
@given(data=st.data())
def test_float_rows_keep_the_promised_bounds(dtype, data):
    v, radius = draw_float_case(data, dtype)
    y, at = project_l1_ball_forward(v, radius)
    assert y.dtype == v.dtype
    d, r = v.shape[1], Fraction(*radius.as_integer_ratio())
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])
    for row, result, inside, original, got in zip(exact(v), exact(y), at.inside[:, 0], v, y, strict=True):
        wanted = nearest(list(row), r)
        assert inside == (norm1(row) <= r)
        if inside:
            assert original.tobytes() == got.tobytes()
        assert norm1(result) <= (1 + u) * (1 + d * gamma) * r + d * eta
        for x, entry, want in zip(row, result, wanted, strict=True):
            assert x * entry >= 0
            assert abs(entry) <= abs(x)
            assert abs(entry - want) <= gamma * r + u * (abs(want) + gamma * r) + eta


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=40)
@given(data=st.data())
def test_projecting_twice_moves_a_float_row_by_no_more_than_it_exceeds_the_ball(dtype, data):
    v, radius = draw_float_case(data, dtype)
    y = project_l1_ball(v, radius)
    again = project_l1_ball(y, radius)
    d, r = v.shape[1], Fraction(*radius.as_integer_ratio())
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])
    # the excess of y over the radius bounds the threshold of the second projection; then its own errors
    excess = ((1 + u) * (1 + d * gamma) - 1) * r + d * eta
    assert (abs(exact(again) - exact(y)) <= excess + (gamma + u * (1 + gamma)) * r + eta).all()


@given(st.integers(-100, 100), vectors, radii)
def test_powers_of_two_scale_through_to_the_bit(exponent, values, radius):
    v, r = np.array([float(x) for x in values]), float(radius)
    scaled = project_l1_ball(np.ldexp(v, exponent), np.ldexp(r, exponent))
    assert scaled.tolist() == np.ldexp(project_l1_ball(v, r), exponent).tolist()


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
def test_no_scale_is_special(scale, dtype):
    v = (np.array([[3.0, -2.0, 0.5], [0.25, 0.0, -0.5], [0.0, 0.0, 0.0]]) * scale).astype(dtype)
    y = project_l1_ball(v, scale)
    assert y[1:].tobytes() == v[1:].tobytes()
    np.testing.assert_allclose((y[0] / scale).astype(float), [1.0, 0.0, 0.0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("row", "inside"), [([0.1] * 10, False), ([1.0, 2**-60], False), ([1.0, 5e-324], False)])
def test_the_side_of_the_sphere_is_decided_exactly(row, inside):
    # ten times the double 0.1 is above 1 by 5.6e-17; summed in floats it is 0.9999999999999999, and 1 + 2^-60 is 1
    assert (norm1(exact(row)) <= 1) == inside
    for v in (np.array(row), np.array([row])):
        assert project_l1_ball_forward(v)[1].inside.all() == inside
    shorter = np.nextafter(np.array(row), 0)
    y, at = project_l1_ball_forward(shorter)
    assert at.inside.all() == (norm1(exact(shorter)) <= 1)
    assert not at.inside.all() or y.tobytes() == shorter.tobytes()


@pytest.mark.parametrize("row", [[0.63, 0.51, 0.27, 0.31, 0.05], [0.85, 0.55, 0.04], [0.26, 0.23, 0.7, 0.62, 0.05]])
def test_no_entry_grows_where_the_threshold_is_below_the_rounding(row):
    # the sum exceeds the radius by less than one rounding: found by search, the level rounds to the greatest entry
    v = np.array(row)
    radius = np.nextafter(v.sum(), 0)
    y, at = project_l1_ball_forward(v, radius)
    assert norm1(exact(v)) > Fraction(float(radius))
    assert not at.inside.any()
    assert (np.abs(y) <= np.abs(v)).all()
    assert (project_l1_ball(-v, radius) == -y).all()


def test_published_errors_do_not_recur():
    # projections on the sphere turn this row into (0.317, -0.417, 0.267), and the zero row into (1/3, 1/3, 1/3)
    v = np.array([[0.1, -0.2, 0.05], [0.0, -0.0, 0.0]])
    assert project_l1_ball(v).tobytes() == v.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_float_jacobian_is_that_of_its_signs(dtype):
    # radius 1: inside; outside with an entry on the threshold 7/8; all active
    v = np.array([[0.25, 0.0, -0.5, 0.125], [1.5, -0.875, -1.25, 0.0], [-2.0, 2.0, 2.0, -2.0]], dtype)
    _, at = project_l1_ball_forward(v)
    assert at.inside.tolist() == [[True], [False], [False]]
    assert at.signs.tolist() == [[0, 0, 0, 0], [1, 0, -1, 0], [-1, 1, 1, -1]]
    w = np.array([[1.0, -2.0, 0.5, 7.0], [1.0, 2.0, 3.0, 4.0], [5.0, 1.0, 1.5, -2.0]], dtype)
    wanted = [[1, -2, 0.5, 7], [2, 0, 2, 0], [4.875, 1.125, 1.625, -2.125]]  # by hand: w minus signs times their mean
    assert at.tangent(w).tolist() == wanted
    assert at.backward(w).tolist() == wanted
    assert at.tangent(w).dtype == v.dtype


def test_float16_does_not_overflow_in_its_sums():
    v = np.full((2, 3000), 60000, np.float16)
    y, at = project_l1_ball_forward(v, 30000)
    assert (y == 10).all()
    assert np.isfinite(at.backward(v)).all()


def test_shapes_strides_and_read_only_input():
    v = np.arange(24.0).reshape(4, 6)[::-2, ::-1] / 7 - 1
    before = v.copy()
    v.setflags(write=False)
    y = project_l1_ball(v)
    assert y.shape == (2, 6)
    assert all((project_l1_ball(row) == result).all() for row, result in zip(v, y, strict=True))
    assert (v == before).all()
    assert project_l1_ball(np.array([[-7.0], [1.0]]), 2).tolist() == [[-2.0], [1.0]]
    for shape in [(0, 3), (3, 0), (0, 0), (0,)]:
        empty = np.empty(shape)
        result, at = project_l1_ball_forward(empty)
        assert result.shape == at.backward(empty).shape == at.tangent(empty).shape == shape


def mixed_rows(dtype):
    """Rows inside, on the sphere, outside and without a nearest point, in turn: two blocks, many chunks a row."""
    n, d = 71, 1031
    rng = np.random.default_rng(3)
    v = rng.standard_normal((n, d)) * rng.choice([1e-3, 1.0], (n, d), p=[0.9, 0.1])
    v *= np.array([0.5, 1.0, 3.0, 2.0, 1e6])[np.arange(n) % 5, None] / np.abs(v).sum(axis=1, keepdims=True)
    v[1::10] = np.round(v[1::10] * 2**12) / 2**12
    v[[24, 66], [3, 1030]] = np.nan, np.inf
    return v.astype(dtype)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_row_depends_on_the_rows_beside_it(dtype, order):
    v = np.array(mixed_rows(dtype), order=order)
    w = np.array(np.random.default_rng(4).standard_normal(v.shape).astype(dtype), order=order)
    y, at = project_l1_ball_forward(v)
    v_bar = at.backward(w)
    assert 10 < at.inside.sum() < 50
    assert np.flatnonzero(np.isnan(y).all(axis=1)).tolist() == [24, 66]
    for i, row in enumerate(v):
        alone, at_row = project_l1_ball_forward(row)
        assert alone.tobytes() == y[i].tobytes()
        assert at_row.signs.tobytes() == at.signs[i].tobytes()
        assert at_row.inside.tolist() == at.inside[i].tolist()
        assert at_row.backward(w[i]).tobytes() == v_bar[i].tobytes()
    far = np.isfinite(v).all(axis=1) & ~at.inside[:, 0]
    assert all(v_bar[i].tobytes() == w[i].tobytes() for i in np.flatnonzero(at.inside))
    # orthogonal to the signs: a sum of d terms, each of them rounded once
    u = float(rounding.UNIT_ROUNDOFF[dtype])
    assert (np.abs((at.signs * v_bar.astype(float)).sum(axis=1))[far] <= 2 * u * np.abs(w).sum(axis=1)[far]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_of_several_blocks_and_many_chunks_keep_the_promised_bounds(dtype):
    v = mixed_rows(dtype)
    y, at = project_l1_ball_forward(v)
    d, u, eta = v.shape[1], rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["float64"])
    for i in [0, 2, 3, 4, 61, 62, 63, 64, 67, 68, 69, 70]:  # the last block begins at row 63
        row, result = exact(v[i]), exact(y[i])
        assert at.inside[i, 0] == (norm1(row) <= 1)
        sizes = sorted(map(abs, row), reverse=True)
        tau = max((total - 1) / k for k, total in enumerate(accumulate(sizes), 1))  # the greatest of its lower bounds
        wanted = np.maximum(abs(row) - max(tau, Fraction(0)), Fraction(0))
        assert (abs(abs(result) - wanted) <= gamma + u * (wanted + gamma) + eta).all()
        assert (row * result >= 0).all()
        assert norm1(result) <= (1 + u) * (1 + d * gamma) + d * eta


def test_one_row_and_rows_of_one_have_the_same_jacobian():
    v, w = np.array([3.0, -2.0, 0.5]), np.array([1.0, 4.0, 2.0])
    y, at = project_l1_ball_forward(v, 2)
    rows, at_rows = project_l1_ball_forward(v[None], 2)
    assert (y == rows[0]).all()
    assert at.inside.shape == (1,)
    assert (at.backward(w) == at_rows.backward(w[None])[0]).all()


def test_out_receives_the_result():
    v = np.array([[1.5, -1.25, 0.5], [0.25, 0.0, -0.5]])
    out = np.empty_like(v)
    assert project_l1_ball(v, out=out) is out
    assert out.tolist() == [[0.625, -0.375, 0.0], [0.25, 0.0, -0.5]]
    with pytest.raises(ValueError, match="shares memory"):
        project_l1_ball(v, out=v)


def test_nan_and_infinite_entries():
    v = np.array([[np.nan, 0.1, 0.2], [np.inf, 1.0, 2.0], [-np.inf, np.inf, 1.5], [0.25, 0.0, 0.5]])
    y, at = project_l1_ball_forward(v)
    assert np.isnan(y[:3]).all()
    assert y[3].tolist() == v[3].tolist()
    assert at.inside.tolist() == [[False], [False], [False], [True]]
    assert not at.signs.any()


@pytest.mark.parametrize("v", [np.array([1, 2]), np.array([True, False]), np.array([1j, 2]), [1, 2]])
def test_other_dtypes_are_refused(v):
    with pytest.raises(TypeError, match="project_l1_ball: v has dtype"):
        project_l1_ball(v)


@pytest.mark.parametrize("shape", [(), (2, 3, 4)])
def test_other_dimensions_are_refused(shape):
    with pytest.raises(ValueError, match=r"one vector .* or rows"):
        project_l1_ball(np.ones(shape))


@pytest.mark.parametrize("radius", [0, -1.0, float("nan"), float("inf")])
def test_a_radius_must_be_positive_and_finite(radius):
    with pytest.raises(ValueError, match="project_l1_ball: radius must be positive and finite"):
        project_l1_ball(np.ones(3), radius)


def test_a_radius_must_be_a_real_number_and_cotangents_must_fit():
    with pytest.raises(TypeError, match="project_l1_ball: radius must be a real number"):
        project_l1_ball(np.ones(3), "1")
    _, at = project_l1_ball_forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="y_bar must have shape"):
        at.backward(np.ones((3, 2)))
