"""Differences of means by other orders of summation, weights and precisions."""

import math

import numpy as np

from tests.oracle.plain_losses import kr
from tests.oracle.variants import variant

OP = "kr"


@variant(OP, ("float16", "float64"))
def by_two_means(arrays, params, g):
    return kr(arrays, params, g)


@variant(OP, ("float16", "float32"))
def every_value_times_a_rounded_reciprocal_from_the_last(arrays, params, g):
    p, q = arrays
    of = p.dtype.type
    total = of(0)
    for sample, sign in ((q, -1), (p, 1)):
        weight = of(sign) / of(sample.size)
        for v in sample[::-1]:
            total = total + weight * v
    return total, [np.full_like(a, g * (of(s) / of(a.size))) for a, s in ((p, 1), (q, -1))]


def summed(name, total, dtypes=("bfloat16", "float32")):
    """Register means by another sum."""

    def function(arrays, params, g):
        p, q = arrays
        of = p.dtype.type
        return of(total(p) / p.size) - of(total(q) / q.size), kr(arrays, params, g)[1]

    function.__name__ = name
    variant(OP, dtypes)(function)


def kahan(x):
    total = lost = x.dtype.type(0)
    for v in x:
        term = v - lost
        moved = total + term
        lost, total = (moved - total) - term, moved
    return total


def halves(x):
    return x[0] if len(x) == 1 else halves(x[: len(x) // 2]) + halves(x[len(x) // 2 :])


summed("kahan_sums", kahan)
summed("pairwise_sums", halves)
summed("sums_rounded_once", lambda x: math.fsum(x.astype(float).tolist()), ("float16", "float32"))


@variant(OP)
def over_the_common_denominator(arrays, params, g):
    """``(m sum p - n sum q) / (n m)``."""
    p, q = arrays
    of = p.dtype.type
    n, m = of(p.size), of(q.size)
    return (m * p.sum() - n * q.sum()) / (n * m), kr(arrays, params, g)[1]
