"""Hypothesis strategies for tests of Lipschitz layers: arrays where such layers go wrong, for your own tests.

Most arrays are drawn on a lattice: whole multiples k q of one quantum q = 2^e, the k bounded by fewer bits than the
format has. So ties and near-ties (neighbours on the lattice) come as often as the strategy says, sums and differences
of two entries are exact, long significands, huge and subnormal entries are lattices too, and failing examples shrink to
small whole numbers. `dtype` is "float16", "bfloat16" (carried by float32 arrays), "float32" or "float64".

Examples
--------
A test of your own max-min in ten lines, gradient included:

>>> import numpy as np
>>> from hypothesis import given, settings
>>> from refsort import strategies
>>> @settings(max_examples=20, database=None, derandomize=True)
... @given(strategies.tied("float32", (2, 4)))
... def test_my_max_min_is_a_sort_of_pairs(x):
...     pairs = x.reshape(2, 2, 2)
...     mine = np.stack([np.minimum(*np.moveaxis(pairs, -1, 0)), np.maximum(*np.moveaxis(pairs, -1, 0))], axis=-1)
...     assert np.array_equal(mine, np.sort(pairs, axis=-1))
>>> test_my_max_min_is_a_sort_of_pairs()
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

__all__ = [
    "FORMATS",
    "Format",
    "cotangents",
    "ill_scaled",
    "l1_ball_rows",
    "lattice",
    "orthonormal",
    "rank_deficient",
    "shapes",
    "tied",
    "weights",
]

Array = NDArray[Any]


class Format(NamedTuple):
    """A floating-point format: ``k 2^e`` with ``|k| < 2^precision``, ``e >= lowest``, all below ``2^highest``."""

    carrier: type[np.floating[Any]]
    precision: int
    lowest: int
    highest: int


FORMATS: dict[str, Format] = {
    "float16": Format(np.float16, 11, -24, 16),
    "bfloat16": Format(np.float32, 8, -133, 128),
    "float32": Format(np.float32, 24, -149, 128),
    "float64": Format(np.float64, 53, -1074, 1024),
}
"""The formats that a `dtype` name stands for, with the NumPy type whose arrays carry their values exactly."""


def shapes(dimensions: int, max_side: int = 5) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes with pairwise distinct sides from 1 to `max_side`, so that no transposed axis can pass unseen.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(2), lambda shape: True)
    (1, 2)
    """
    return st.lists(st.integers(1, max_side), min_size=dimensions, max_size=dimensions, unique=True).map(tuple)


@st.composite
def lattice(
    draw: st.DrawFn,
    dtype: str,
    shape: tuple[int, ...],
    bits: int | None = None,
    exponents: tuple[int, int] = (0, 0),
) -> Array:
    """Arrays of ``k 2^e`` with ``|k| <= 2^bits`` and one exponent e from `exponents` for the whole array.

    Parameters
    ----------
    dtype : str
        A key of `FORMATS`.
    shape : tuple of int
        The shape of the arrays.
    bits : int, optional
        At most the format's precision less 2, which is the default: then sums of two entries, and of a sum and an
        entry, are exact.
    exponents : pair of int
        The smallest and the largest e; clipped to what the format can hold, so (-2000, 2000) means "any".

    Raises
    ------
    ValueError
        For more bits than that.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(lattice("float16", (1, 3), exponents=(-24, 4)), lambda x: (x != 0).all())
    array([[1., 1., 1.]], dtype=float16)
    """
    form = FORMATS[dtype]
    bits = form.precision - 2 if bits is None else bits
    if bits > form.precision - 2:
        raise ValueError(f"lattice: {dtype} has {form.precision} bits, so bits must be at most {form.precision - 2}")
    e = draw(_exponents(form, bits, exponents))
    return _scaled(form, draw(_integers(math.prod(shape), bits)), e, shape)


@st.composite
def tied(
    draw: st.DrawFn, dtype: str, shape: tuple[int, ...], bits: int | None = None, exponents: tuple[int, int] = (0, 0)
) -> Array:
    """Arrays full of ties and near-ties: entries from at most two lattice points and their upper neighbours.

    The parameters are those of `lattice`. A near-tie is a difference of one quantum: with the default `bits` that is a
    few units in the last place of the largest entries.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(tied("float32", (1, 4)), lambda x: len(set(x.flat)) == 2)
    array([[0., 0., 0., 1.]], dtype=float32)
    """
    form = FORMATS[dtype]
    bits = form.precision - 2 if bits is None else bits
    pool = draw(st.lists(st.one_of(st.integers(-2, 2), st.integers(1 - 2**bits, 2**bits - 1)), min_size=1, max_size=2))
    e = draw(_exponents(form, bits, exponents))
    count = math.prod(shape)
    points = [point for value in pool for point in (value, value + 1)]
    return _scaled(form, draw(st.lists(st.sampled_from(points), min_size=count, max_size=count)), e, shape)


def cotangents(dtype: str, shape: tuple[int, ...], bits: int | None = None) -> st.SearchStrategy[Array]:
    """Cotangents: integer-coded ones (1, 2, 3, ... or 1, 2, 4, ...), and lattices.

    A sorting gradient is a permutation of the cotangent. An integer-coded cotangent spells out *which* permutation in
    one backward pass, where random projections hardly notice a wrong one. As in all lattices, sums and differences of
    two entries are exact.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(cotangents("float32", (2, 2)), lambda g: True)
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    form, count = FORMATS[dtype], math.prod(shape)
    choices: list[st.SearchStrategy[Array]] = []
    if count <= 2 ** (form.precision - 2):
        choices.append(st.just(_scaled(form, range(1, count + 1), 0, shape)))
    if count < form.precision:  # differences of the codes are exact then
        choices.append(st.just(_scaled(form, [2**k for k in range(count)], 0, shape)))
    choices.append(lattice(dtype, shape, bits, (-3, 0)))
    return st.one_of(choices)


@st.composite
def orthonormal(draw: st.DrawFn, dtype: str, shape: tuple[int, int]) -> Array:
    """Matrices with orthonormal columns (rows, where wide): a rational one, each entry rounded once.

    The product of two reflections ``I - 2 v v^T / v^T v`` with whole-number v is orthogonal exactly; rounding moves the
    singular values by no more than ``u ||Q||_F``.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(orthonormal("float64", (2, 3)), lambda q: (q != 0).all())  # doctest: +SKIP
    """
    side = max(shape)
    q = _identity(side)
    for _ in range(2):
        v = draw(st.lists(st.integers(-3, 3), min_size=side, max_size=side).filter(any))
        norm = sum(entry * entry for entry in v)
        reflection = [[Fraction(i == j) - Fraction(2 * v[i] * v[j], norm) for j in range(side)] for i in range(side)]
        q = [
            [sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in reflection] for row in q
        ]
    rows = [row[: shape[1]] for row in q[: shape[0]]]
    return _nearest(FORMATS[dtype], rows)


@st.composite
def rank_deficient(draw: st.DrawFn, dtype: str, shape: tuple[int, int]) -> Array:
    """Matrices of rank 1 at most: outer products of whole numbers, over 8; exact in every format."""
    u, v = (draw(st.lists(st.integers(-3, 3), min_size=side, max_size=side)) for side in shape)
    return _scaled(FORMATS[dtype], [a * b for a in u for b in v], -3, shape)


@st.composite
def ill_scaled(draw: st.DrawFn, dtype: str, shape: tuple[int, int]) -> Array:
    """Matrices whose rows differ in scale by powers of two, from 1 down to 1/256."""
    form = FORMATS[dtype]
    w = draw(lattice(dtype, shape, min(form.precision - 2, 5), (-5, -5)))
    powers = draw(st.lists(st.integers(-8, 0), min_size=shape[0], max_size=shape[0]))
    scaled: Array = np.ldexp(w, np.array(powers, dtype=np.int32)[:, None])
    return scaled


def weights(dtype: str, shape: tuple[int, int], bits: int = 3) -> st.SearchStrategy[Array]:
    """Weight matrices with entries in [-1, 1]: lattices, orthonormal, of rank 1, zero, ill-scaled.

    Parameters
    ----------
    bits : int
        The entries of the lattices are ``k / 2^bits``: a few bits keep exact arithmetic on them quick.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(weights("float32", (1, 2)), lambda w: True)
    array([[0., 0.]], dtype=float32)
    """
    return st.one_of(
        lattice(dtype, shape, bits, (-bits, -bits)),
        orthonormal(dtype, shape),
        rank_deficient(dtype, shape),
        ill_scaled(dtype, shape),
    )


@st.composite
def l1_ball_rows(
    draw: st.DrawFn, dtype: str, shape: tuple[int, int], bits: int = 3, exponents: tuple[int, int] = (0, 0)
) -> tuple[Array, float]:
    """Rows inside, on and outside of an l1 ball, and its radius: pairs (v, radius).

    A row outside is built backwards from its projection, a point of the sphere, by adding a threshold t to the entries
    that the projection keeps and anything up to t to those that it sets to zero: so |v_i| = t, the kink, comes often.
    Some rows are arbitrary.

    Parameters
    ----------
    shape : (rows, length)
    bits : int
        The radius is at most ``2^bits`` quanta, the entries at most twice that; at most the precision less 2.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(l1_ball_rows("float32", (1, 3)), lambda case: np.abs(case[0]).sum() > case[1] > 0)
    (array([[0., 0., 2.]], dtype=float32), 1.0)
    """
    form = FORMATS[dtype]
    e = draw(_exponents(form, bits + 1, exponents))
    radius = draw(st.integers(1, 2**bits))
    rows = [draw(_l1_row(shape[1], radius, 2**bits)) for _ in range(shape[0])]
    return _scaled(form, [entry for row in rows for entry in row], e, shape), math.ldexp(radius, e)


@st.composite
def _l1_row(draw: st.DrawFn, length: int, radius: int, most: int) -> list[int]:
    place = draw(st.sampled_from(["arbitrary", "sphere", "inside", "outside"]))
    if place == "arbitrary":
        return draw(st.lists(st.integers(-most, most), min_size=length, max_size=length))
    total = draw(st.integers(0, radius - 1)) if place == "inside" else radius
    cuts = sorted(draw(st.lists(st.integers(0, total), min_size=length - 1, max_size=length - 1)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    if place == "outside":
        t = draw(st.integers(1, most))
        parts = [part + t if part else draw(st.sampled_from([t, t - 1, 0])) for part in parts]
    signs = draw(st.lists(st.sampled_from([1, -1]), min_size=length, max_size=length))
    return [sign * part for sign, part in zip(signs, parts, strict=True)]


def _integers(count: int, bits: int) -> st.SearchStrategy[list[int]]:
    few = min(bits, 4)  # small ones too: they tie
    entry = st.one_of(st.integers(-(2**few), 2**few), st.integers(-(2**bits), 2**bits))
    return st.lists(entry, min_size=count, max_size=count)


def _exponents(form: Format, bits: int, exponents: tuple[int, int]) -> st.SearchStrategy[int]:
    # all below a quarter of the range, so that the sum of two entries and a difference of two stays in it
    low, high = max(exponents[0], form.lowest), min(exponents[1], form.highest - bits - 2)
    if low > high:
        raise ValueError(f"exponents {exponents} leave nothing of [{form.lowest}, {form.highest - bits - 2}]")
    return st.integers(low, high) if low == high else st.one_of(st.integers(low, high), st.sampled_from([low, high]))


def _scaled(form: Format, integers: Sequence[int], e: int, shape: tuple[int, ...]) -> Array:
    # k 2^e is a number of the format, so neither ldexp in double nor the conversion rounds
    return np.array([math.ldexp(k, e) for k in integers], dtype=np.float64).astype(form.carrier).reshape(shape)


def _nearest(form: Format, rows: list[list[Fraction]]) -> Array:
    """The rows rounded to the format's precision, which is far from its limits of range for entries in [-1, 1]."""
    scale = 2 ** (form.precision - 1)
    return np.array([[round(entry * scale) / scale for entry in row] for row in rows]).astype(form.carrier)


def _identity(side: int) -> list[list[Fraction]]:
    return [[Fraction(i == j) for j in range(side)] for i in range(side)]
