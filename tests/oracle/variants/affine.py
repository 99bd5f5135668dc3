"""The affine map: orders of summation, fused and compensated sums, threads, higher and lower precision, memory."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle.plain import affine, bfloat16, cut
from tests.oracle.variants import variant

ALL = ("float16", "bfloat16", "float32", "float64")


def by(product, total=lambda g: g.sum(axis=0)):
    """The affine map with another matrix product, and column sums for the gradient of b."""

    def function(arrays, params, g):
        x, w, b = arrays
        return product(x, w.T) + b, [product(g, w), product(g.T, x), total(g)]

    return function


def registered(name, product, dtypes, unit_roundoff=None, **others):
    function = by(product, **others)
    function.__name__ = name
    variant("affine", dtypes, unit_roundoff=unit_roundoff)(function)


def outer(a, b, k):
    return a[:, k, None] * b[k]


def summed(indices):
    def product(a, b):
        total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in indices(len(b)):
            total = total + outer(a, b, k)
        return total

    return product


def pairwise(a, b):
    """Halves of the sum, and halves of these."""
    if len(b) <= 1:
        return outer(a, b, 0) if len(b) else np.zeros((a.shape[0], b.shape[1]), a.dtype)
    k = len(b) // 2
    return pairwise(a[:, :k], b[:k]) + pairwise(a[:, k:], b[k:])


def blocked(size):
    def product(a, b):
        total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in range(0, len(b), size):
            total = total + a[:, k : k + size] @ b[k : k + size]
        return total

    return product


def compensated(a, b):
    """Kahan's sum of rounded products."""
    total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    lost = np.zeros_like(total)
    for k in range(len(b)):
        term = outer(a, b, k) - lost
        next_total = total + term
        lost, total = (next_total - total) - term, next_total
    return total


def fused(a, b):
    """Fused multiply-adds in float32, rounded once: an exact product, and a sum rounded to odd in float64."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for k in range(len(b)):
        p, c = a[:, k, None].astype(np.float64) * b[k].astype(np.float64), total.astype(np.float64)
        s = p + c
        part = s - p
        error = (p - (s - part)) + (c - part)  # two-sum: s + error = p + c exactly
        odd = (s.view(np.int64) & 1).astype(bool)
        towards = np.where(error > 0, np.inf, -np.inf)
        total = np.where((error == 0) | odd, s, np.nextafter(s, towards)).astype(np.float32)
    return total


def in_threads(a, b):
    """Four parts of the sum in threads of their own, added as they are numbered: the same bits at every call."""
    parts = np.array_split(np.arange(len(b)), 4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: a[:, k] @ b[k], parts))
    return (found[0] + found[2]) + (found[1] + found[3])


def rounded_once(a, b):
    if len(b) > 64:
        raise NotImplementedError("exact sums of more than 64 products")
    exactly = [[math.fsum(map(float, r * c)) for c in b.T.astype(float)] for r in a.astype(float)]
    return np.array(exactly).reshape(len(a), b.shape[1]).astype(a.dtype)


def wider(dtype):
    return lambda a, b: (a.astype(dtype) @ b.astype(dtype)).astype(a.dtype)


variant("affine", ("float32", "float64"))(affine)
registered("einsum", lambda a, b: np.einsum("ik,kj->ij", a, b), ("float32", "float64"))
registered("from_the_first", summed(range), ("float16", "float32"))
registered("from_the_last", summed(lambda n: reversed(range(n))), ("float32", "float64"))
registered("odd_ones_first", summed(lambda n: [*range(1, n, 2), *range(0, n, 2)]), ("float32",))
registered("halves_of_halves", pairwise, ("float32", "float16"))
registered("blocks_of_three", blocked(3), ("float32",))
registered("compensated_sums", compensated, ("float32", "float64"))
registered("fused_multiply_adds", fused, ("float32",))
registered("four_threads", in_threads, ("float32", "float64"))
registered("rounded_once", rounded_once, ("float16", "float32"))
registered("float16_in_float32", wider(np.float32), ("float16",))
registered("float32_in_float64", wider(np.float64), ("float32",))
registered("bfloat16_accumulated_in_float32", np.matmul, ("bfloat16",))
registered("column_sums_as_a_product_with_ones", np.matmul, ("float32",), total=lambda g: np.ones(len(g), g.dtype) @ g)
registered(
    "operands_of_eleven_bits_declared",
    lambda a, b: cut(a, 11) @ cut(b, 11),
    ("float32",),
    {"float32": UNIT_ROUNDOFF["float16"]},
)


def tf32(a):
    """As the hardware does it: the last 13 bits of a float32 rounded away, subnormals included, ties to even."""
    bits = a.view(np.uint32)
    kept = (bits + np.uint32(0xFFF) + ((bits >> 13) & 1)) & ~np.uint32(0x1FFF)
    return kept.astype(np.uint32).view(np.float32)


registered(
    "operands_in_tf32_declared",
    lambda a, b: tf32(np.ascontiguousarray(a)) @ tf32(np.ascontiguousarray(b)),
    ("float32",),
    {"float32": UNIT_ROUNDOFF["float16"]},
)
registered(
    "operands_of_eight_bits_declared",
    lambda a, b: cut(a, 8) @ cut(b, 8),
    ("float32",),
    {"float32": UNIT_ROUNDOFF["bfloat16"]},
)
registered(
    "float64_computed_in_float32_declared",
    lambda a, b: cut(cut(a, 24) @ cut(b, 24), 24),
    ("float64",),
    {"float64": UNIT_ROUNDOFF["float32"]},
)


@variant("affine", ("bfloat16",))
def bfloat16_accumulated_in_bfloat16(arrays, params, g):
    """Every product and every sum is rounded to eight bits."""

    def product(a, b):
        total = np.zeros((a.shape[0], b.shape[1]), np.float32)
        for k in range(len(b)):
            total = bfloat16(total + bfloat16(outer(a, b, k)))
        return total

    def column_sums(g):
        total = np.zeros(g.shape[1], np.float32)
        for row in g:
            total = bfloat16(total + row)
        return total

    return by(product, column_sums)(arrays, params, g)


@variant("affine", ("float32", "float64"))
def the_bias_as_a_column_of_the_weight(arrays, params, g):
    """``[x, 1] [W, b]^T``: the bias enters the sum wherever BLAS puts it."""
    x, w, b = arrays
    ones = np.ones((len(x), 1), x.dtype)
    long, tall = np.concatenate([ones, x], axis=1), np.concatenate([b[:, None], w], axis=1)
    both = g.T @ long
    return long @ tall.T, [g @ w, np.ascontiguousarray(both[:, 1:]), np.ascontiguousarray(both[:, 0])]


@variant("affine", ("float32",))
def the_bias_first(arrays, params, g):
    x, w, b = arrays
    if not b.shape == w.shape[:1]:
        raise ValueError("one bias for each row of the weight")
    total = np.tile(b, (len(x), 1))
    for k in range(x.shape[1]):
        total = total + outer(x, w.T, k)
    if x.shape[1] != w.shape[1]:
        raise ValueError("inner lengths differ")
    return total, affine(arrays, params, g)[1]


@variant("affine", ("float32",))
def one_sample_at_a_time(arrays, params, g):
    """A loop over the batch that adds up the gradients of the parameters."""
    x, w, b = arrays
    out = np.array([w @ row + b for row in x], x.dtype).reshape(len(x), len(b))
    w_bar, b_bar = np.zeros_like(w), np.zeros_like(b)
    for row, y_bar in zip(x, g, strict=True):
        w_bar += np.outer(y_bar, row)
        b_bar += y_bar
    return out, [np.array([w.T @ y_bar for y_bar in g], x.dtype).reshape(x.shape), w_bar, b_bar]


@variant("affine", ("float32", "float64"))
def in_fortran_order(arrays, params, g):
    out, gradients = affine([np.asfortranarray(a) for a in arrays], params, np.asfortranarray(g))
    return np.asfortranarray(out), [np.asfortranarray(a) for a in gradients]


@variant("affine", ("float32",))
def views_with_gaps_that_cannot_be_written_to(arrays, params, g):
    def view(a):
        gaps = np.repeat(a, 2, axis=-1)[..., ::2]
        gaps.flags.writeable = False
        return gaps

    out, gradients = affine(arrays, params, g)
    return view(out), tuple(view(a) for a in gradients)
