"""The strategies draw what they say, in every format, and reach what they are there for."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from refsort import strategies
from refsort.spec import frac

DTYPES = sorted(strategies.FORMATS)
dtypes = st.sampled_from(DTYPES)


def fits(x, dtype):
    """Whether every entry is a number of the format: k 2^e with |k| < 2^precision, e >= lowest, below 2^highest."""
    form = strategies.FORMATS[dtype]
    for entry in map(frac, x.flat):
        quantum = Fraction(2) ** form.lowest
        while abs(entry / quantum) >= 2**form.precision:
            quantum *= 2
        if (entry / quantum).denominator != 1 or abs(entry) >= Fraction(2) ** form.highest:
            return False
    return x.dtype == form.carrier


def reaches(strategy, condition):
    find(
        strategy,
        condition,
        settings=settings(
            max_examples=1000, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_format_is_what_numpy_says_it_is(dtype):
    form, info = strategies.FORMATS[dtype], np.finfo(dtype)
    assert form.precision == info.nmant + 1
    assert np.ldexp(np.ones(1, dtype), form.lowest)[0] == info.smallest_subnormal
    assert frac(info.max) == (2**form.precision - 1) * Fraction(2) ** (form.highest - form.precision)


@given(dtypes, st.data())
def test_every_strategy_draws_numbers_of_the_format_in_the_shape_asked_for(dtype, data):
    shape = data.draw(strategies.shapes(2, 4))
    anywhere = (-2000, 2000)
    drawn = [
        data.draw(strategies.lattice(dtype, shape, None, anywhere)),
        data.draw(strategies.tied(dtype, shape, None, anywhere)),
        data.draw(strategies.cotangents(dtype, shape)),
        data.draw(strategies.weights(dtype, shape)),
        data.draw(strategies.l1_ball_rows(dtype, shape, 2, anywhere))[0],
    ]
    for x in drawn:
        assert x.shape == shape
        assert fits(x, dtype)


@given(dtypes, st.data())
def test_sums_and_differences_of_two_lattice_entries_are_exact(dtype, data):
    x = data.draw(strategies.lattice(dtype, (3,), None, (-2000, 2000)))
    a, b, c = map(frac, x)
    for exact in (a - b, a + b, c + (a - b), (a + b - abs(a - b)) / 2):
        assert fits(np.array([exact / 1], dtype=object).astype(np.float64).astype(x.dtype), dtype)
        assert frac(x.dtype.type(float(exact))) == exact


@given(st.integers(1, 3), st.data())
def test_sides_are_distinct(dimensions, data):
    shape = data.draw(strategies.shapes(dimensions, 4))
    assert len(set(shape)) == dimensions
    assert all(1 <= side <= 4 for side in shape)


@given(dtypes, st.data())
def test_orthonormal_matrices_are_so_up_to_the_rounding_of_their_entries(dtype, data):
    shape = data.draw(strategies.shapes(2, 4))
    q = data.draw(strategies.orthonormal(dtype, shape)).astype(np.float64)
    gram = q @ q.T if shape[0] < shape[1] else q.T @ q
    # each entry moves by at most u; twice u times the 1-norm of a column, and u^2, and the doubles used here
    assert np.abs(gram - np.eye(min(shape))).max() <= 3 * 4 * 2.0 ** -strategies.FORMATS[dtype].precision


@given(dtypes, st.data())
def test_rank_deficient_matrices_have_rank_one_at_most(dtype, data):
    w = data.draw(strategies.rank_deficient(dtype, (3, 4)))
    exact = [[frac(entry) for entry in row] for row in w.tolist()]
    for i in range(2):
        for j in range(3):
            assert exact[i][j] * exact[i + 1][j + 1] == exact[i + 1][j] * exact[i][j + 1]


@pytest.mark.parametrize("code", [[1, 2, 3, 4, 5, 6], [1, 2, 4, 8, 16, 32]])
def test_integer_coded_cotangents_are_drawn(code):
    reaches(strategies.cotangents("bfloat16", (2, 3)), lambda g: list(g.flat) == code)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_the_strategies_are_there_for_is_reached(dtype):
    form = strategies.FORMATS[dtype]
    tied, spread = strategies.tied(dtype, (3,)), strategies.lattice(dtype, (2,), None, (-2000, 2000))
    reaches(tied, lambda x: x[0] == x[1] != 0 and x[1] != x[2])
    reaches(tied, lambda x: abs(x[1]) > 2 ** (form.precision - 4) and abs(x[0] - x[1]) == 1)  # a near-tie
    reaches(spread, lambda x: 0 < frac(x[0]) < Fraction(2) ** (form.lowest + form.precision - 1))  # subnormal
    reaches(spread, lambda x: abs(frac(x[0])) > Fraction(2) ** (form.highest - 4))
    reaches(strategies.ill_scaled(dtype, (2, 1)), lambda w: abs(w[0, 0]) > 64 * abs(w[1, 0]) > 0)


@pytest.mark.parametrize("place", ["inside", "sphere", "outside", "zero", "kink"])
def test_rows_of_every_kind_are_drawn_for_the_l1_ball(place):
    def there(case):
        sizes, radius = sorted(map(abs, map(frac, case[0].flat)), reverse=True), frac(case[1])
        if place == "kink":  # the last entry at the threshold that the others make
            tau = (sum(sizes[:-1]) - radius) / 3
            return sizes[-1] == tau > 0 and sizes[-2] > tau
        norm = sum(sizes)
        return {"inside": 0 < norm < radius, "sphere": norm == radius, "outside": norm > radius, "zero": not norm}[
            place
        ]

    reaches(strategies.l1_ball_rows("float32", (1, 4), 3, (-2, 2)), there)


def test_more_bits_than_the_format_has_are_refused():
    with pytest.raises(ValueError, match="at most 9"):
        reaches(strategies.lattice("float16", (2,), bits=10), lambda x: True)


def test_exponents_outside_of_the_format_are_refused():
    with pytest.raises(ValueError, match="leave nothing"):
        reaches(strategies.lattice("float16", (2,), exponents=(40, 50)), lambda x: True)
