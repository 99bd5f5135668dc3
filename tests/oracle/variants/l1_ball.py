"""Projection on the l1 ball: every algorithm for the threshold, every choice at a kink, every order of summation."""

import numpy as np

from tests.oracle.plain import cut, l1
from tests.oracle.variants import variant

ALL = ("float16", "bfloat16", "float32", "float64")


def by(threshold, inclusive=False, at_sphere=1.0):
    """`inclusive` keeps entries at the threshold in the gradient; `at_sphere` is the share of I on the sphere."""

    def function(arrays, params, g):
        v, of = arrays[0], arrays[0].dtype.type
        radius = of(params["radius"])
        out, x_bar = v.copy(), g.copy()
        for i, row in enumerate(v):
            norm = np.abs(row).sum()
            if norm < radius or (norm == radius and at_sphere == 1):
                continue
            tau = threshold(np.abs(row), radius)
            out[i] = np.sign(row) * np.maximum(np.abs(row) - tau, 0)
            kept = np.abs(row) >= tau if inclusive else np.abs(row) > tau
            s = np.where(kept, np.sign(row), 0).astype(v.dtype)
            outer = np.abs(s) * g[i] - s * (np.sum(s * g[i], dtype=v.dtype) / of(max(np.abs(s).sum(), 1)))
            share = of(at_sphere if norm == radius else 0)
            x_bar[i] = share * g[i] + (1 - share) * outer
        return out, [x_bar]

    return function


def registered(name, dtypes, threshold, **choices):
    function = by(threshold, **choices)
    function.__name__ = name
    variant("project_l1_ball", dtypes)(function)


def by_sorting(sizes, radius):
    u = np.sort(sizes)[::-1]
    counts = np.arange(1, len(u) + 1).astype(u.dtype)
    sums = np.cumsum(u, dtype=u.dtype)
    k = np.nonzero(u * counts > sums - radius)[0][-1]
    return (sums[k] - radius) / counts[k]


def by_the_largest_threshold(sizes, radius):
    """No comparison at all: tau is the largest of the thetas."""
    u = np.sort(sizes)[::-1]
    return ((np.cumsum(u, dtype=u.dtype) - radius) / np.arange(1, len(u) + 1).astype(u.dtype)).max()


def by_dropping(sizes, radius):
    """Michelot's algorithm: the threshold of all entries, then of those above it, until none is dropped."""
    kept = sizes
    while True:
        tau = (kept.sum(dtype=sizes.dtype) - radius) / sizes.dtype.type(len(kept))
        fewer = kept[kept > tau]
        if len(fewer) == len(kept) or not len(fewer):
            return tau
        kept = fewer


def by_pivots(sizes, radius):
    """Duchi's: a pivot, what is above it, and the half that cannot be decided yet."""
    total, count, undecided = sizes.dtype.type(0), 0, sizes
    while len(undecided):
        pivot = undecided[len(undecided) // 2]
        above = undecided[undecided >= pivot]
        if total + above.sum(dtype=sizes.dtype) - (count + len(above)) * pivot < radius:
            total, count, undecided = (
                total + above.sum(dtype=sizes.dtype),
                count + len(above),
                undecided[undecided < pivot],
            )
        else:
            rest = np.flatnonzero(above == pivot)[0]
            undecided = np.delete(above, rest)
    return sizes.dtype.type((total - radius) / sizes.dtype.type(count))


def one_at_a_time(sizes, radius):
    """Condat's: tau goes up as entries come, and entries that fall below it are taken out again."""
    one = sizes.dtype.type(1)
    kept, tau = [sizes[0]], sizes[0] - radius
    for u in sizes[1:]:
        if u > tau:
            tau = tau + (u - tau) / sizes.dtype.type(len(kept) + 1)
            kept.append(u)
    while True:
        total = sum(kept, 0 * one)
        tau = (total - radius) / sizes.dtype.type(len(kept))
        fewer = [u for u in kept if u > tau]
        if len(fewer) in (0, len(kept)):
            return tau
        kept = fewer


def on_the_unit_ball(sizes, radius):
    return radius * by_sorting(sizes / radius, sizes.dtype.type(1))


def times_the_reciprocal(sizes, radius):
    u = np.sort(sizes)[::-1]
    reciprocals = (1 / np.arange(1, len(u) + 1)).astype(u.dtype)
    return ((np.cumsum(u, dtype=u.dtype) - radius) * reciprocals).max()


def radius_first(sizes, radius):
    """-radius + u_1 + u_2 + ..., and not the sum less the radius."""
    u = np.sort(sizes)[::-1]
    sums = np.cumsum(np.concatenate([[-radius], u]), dtype=u.dtype)[1:]
    return (sums / np.arange(1, len(u) + 1).astype(u.dtype)).max()


def from_the_smallest(sizes, radius):
    """Sums from the small entries to the large ones."""
    u = np.sort(sizes)[::-1]
    sums = np.array([u[: k + 1][::-1].sum(dtype=u.dtype) for k in range(len(u))])
    return ((sums - radius) / np.arange(1, len(u) + 1).astype(u.dtype)).max()


registered("by_sorting", ALL, by_sorting)
registered("by_the_largest_threshold", ("float32", "float64"), by_the_largest_threshold)
registered("by_dropping", ALL, by_dropping)
registered("by_pivots", ("float16", "float32"), by_pivots)
registered("one_at_a_time", ("float32", "float64"), one_at_a_time)
registered("on_the_unit_ball", ("float16", "float32", "float64"), on_the_unit_ball)
registered("times_the_reciprocal", ("float32",), times_the_reciprocal)
registered("the_radius_first", ("float32",), radius_first)
registered("from_the_smallest", ("float32", "float64"), from_the_smallest)
registered("keeping_entries_at_the_threshold", ALL, by_sorting, inclusive=True)
registered("the_outer_jacobian_on_the_sphere", ALL, by_sorting, at_sphere=0.0)
registered(
    "the_outer_jacobian_on_the_sphere_with_entries_at_0", ("float32",), by_sorting, at_sphere=0.0, inclusive=True
)
registered("a_mixed_jacobian_on_the_sphere", ALL, by_sorting, at_sphere=0.5)
registered("a_third_of_the_identity_on_the_sphere", ("float32",), by_sorting, at_sphere=1 / 3)
variant("project_l1_ball", ALL)(l1)


@variant("project_l1_ball", ("float32",))
def all_rows_at_once_in_double(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].astype(np.float64)], params, g.astype(np.float64))
    return out.astype(np.float32), [x_bar.astype(np.float32)]


@variant("project_l1_ball", ("float32",), unit_roundoff={"float32": 2.0**-11})
def a_threshold_of_eleven_bits_declared(arrays, params, g):
    """The threshold alone is rounded; rows inside of the ball are left alone."""
    return by(lambda sizes, radius: cut(by_sorting(sizes, radius), 11))(arrays, params, g)


@variant("project_l1_ball", ("float32", "float64"))
def by_bisection(arrays, params, g):
    """The threshold as a root, to the last bit in longdouble: the largest kept entry bounds it."""

    def threshold(sizes, radius):
        sizes = sizes.astype(np.longdouble)
        low, high = np.longdouble(0), sizes.max()
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if np.maximum(sizes - middle, 0).sum() > radius else (low, middle)
        kept = sizes > low  # the root to full precision, once it is known which entries are kept
        return arrays[0].dtype.type((sizes[kept].sum() - radius) / kept.sum())

    return by(threshold)(arrays, params, g)


@variant("project_l1_ball", ("float32",))
def in_fortran_order(arrays, params, g):
    out, (x_bar,) = l1([np.asfortranarray(arrays[0])], params, np.asfortranarray(g))
    return np.asfortranarray(out), (np.asfortranarray(x_bar),)
