"""The data of large calls, by NumPy alone: the script of a failure carries the source of these functions.

Each function draws the calls of one operation, ``[(arrays, params, cotangent), ...]``, from a generator, and makes them
smaller with the width. Rows, columns and batches have pairwise distinct sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Calls = list[tuple[list[Array], dict[str, Any], Array]]


def rounded(x: Any, dtype: str) -> Array:
    """x with as many bits as the format has, in the dtype that carries it."""
    bits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}[dtype]
    mantissa, exponent = np.frexp(np.asarray(x, dtype=np.float64))
    nearest: Array = np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)
    return np.asarray(nearest, dtype="float32" if dtype == "bfloat16" else dtype)


def sorting(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """Shuffled arithmetic progressions in each group: distinct whole numbers, whose sums and differences are exact.

    Groups of 12 lie across the borders of blocks of a power of two, and rows of groups are longer than an index of 16
    bits. A full sort stays at the width: it may be made of all pairs of its entries.
    """
    top = 2 * {"bfloat16": 128, "float16": 1024}.get(dtype, width)
    size = {"max_min": 2, "group_sort": 12, "full_sort": min(top, width)}[op]
    length = size if op == "full_sort" else 33 * width // size * size
    arrays = []
    for _ in range(2):
        steps = rng.integers(1, (top - 1) // (size - 1) + 1, (2 * length // size, 1))
        starts = rng.integers(0, top - steps * (size - 1)) - top // 2
        ranks = rng.permuted(np.tile(np.arange(size), (len(steps), 1)), axis=1)
        arrays.append(rounded((starts + steps * ranks).reshape(2, length), dtype))
    params = {"axis": -1} | ({"group_size": size} if op == "group_sort" else {})
    return [(arrays[:1], params, arrays[1])]


def affine(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """Standard normal entries."""
    n, d_out = 48, 5 * width // 8
    x, w, b, g = (
        rounded(rng.standard_normal(shape), dtype) for shape in ((n, width), (d_out, width), (d_out,), (n, d_out))
    )
    return [([x, w, b], {}, g)]


def bjorck(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """Singular values from 0.7 to 1.05; few steps in 16 bits, whose rounding they magnify most."""
    calls: Calls = []
    short = dtype in ("float16", "bfloat16")
    for order, m in ((1, (3 if short else 5) * width // 16), (2, width // 4), (3, width // 4)):
        n = 3 * m // 4
        u, v = (np.linalg.qr(rng.standard_normal((d, n)))[0] for d in (m, n))
        w, g = (u * np.linspace(0.7, 1.05, n)) @ v.T, rng.standard_normal((m, n)) / 8
        params = {"iterations": (1 if short else 2) + (order == 1 and dtype != "bfloat16"), "order": order, "beta": 0.5}
        calls.append(([rounded(w, dtype)], params, rounded(g, dtype)))
    return calls


def spectral(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """The largest singular value is 3, the next one 2.4: a few steps of power iteration do not tell them apart."""
    m, n = width // 4, 3 * width // 16
    u, v = (np.linalg.qr(rng.standard_normal((d, n)))[0] for d in (m, n))
    w = (u * np.append(np.linspace(0.01, 2.4, n - 1), 3.0)) @ v.T
    g = rng.standard_normal((m, n)) if op == "spectral_normalize" else 1.5
    return [([rounded(w, dtype)], {"p": 2, "q": 2} if op == "operator_norm" else {}, rounded(g, dtype))]


def operator_norm(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """One row, one column and the entry where they meet are the largest beyond doubt."""
    w = rng.standard_normal((width, 5 * width // 8))
    i, j = width // 3, width // 2
    w[i] *= 2.5
    w[:, j] *= 2.5
    w[i, j] = -20
    pairs = ((1, 1), (np.inf, np.inf), (1, 2), (2, np.inf), (1, np.inf))
    calls: Calls = [([rounded(w, dtype)], {"p": p, "q": q}, rounded(-1.25, dtype)) for p, q in pairs]
    return calls


def balls(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """A row inside of the ball, one on its sphere, one of whose entries a quarter is large, one far outside."""
    bits = {"bfloat16": 5, "float16": 7}.get(dtype, 12)
    v = np.round(rng.standard_normal((4, width)) * 2**bits / 4) / 2**bits
    v[1] = 0
    v[1, : 4 ** ((width.bit_length() - 2) // 2)] = 2.0 ** -(width.bit_length() - 3)  # a 2-norm that is a power of 2
    norm = {"project_l1_ball": 1, "project_l2_ball": 2, "project_linf_ball": np.inf}[op]
    radius = float(np.linalg.norm(v[1], norm))
    if op != "project_linf_ball":
        v[0] *= 2.0 ** np.floor(np.log2(0.5 * radius / np.linalg.norm(v[0], norm)))
    v[2] /= 2
    v[2, ::4] += np.copysign(4, v[2, ::4])  # on the l1 ball these are kept, by a threshold of about 3, and no others
    v[2] *= radius / (width // 4 if norm == 1 else 8 if norm == 2 else 2)
    v[3] *= 4 if norm == np.inf else 8  # below 2^11 radii, so that a clip may be computed by differences
    return [
        ([rounded(v, dtype)], {"radius": float(rounded(radius, dtype))}, rounded(rng.integers(1, 99, v.shape), dtype))
    ]


def losses(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """A batch of `width` samples of ten classes, or of critic values whose sum is beyond float16."""
    if op in ("kr", "hkr"):
        p, q = 128 * rng.standard_normal(width) + 128, 128 * rng.standard_normal(3 * width // 4)
        params = {"margin": 128.0, "alpha": 10.0} if op == "hkr" else {}
        return [([rounded(p, dtype), rounded(q, dtype)], params, rounded(-1.5, dtype))]
    logits, labels = rng.standard_normal((width, 10)), rng.integers(10, size=width)
    params = {
        "hinge": {"margin": 1.0},
        "cross_entropy": {"margin": 0.25, "temperature": 2.0},
        "certified_radius": {"lipschitz": 3.0, "p": 2},
    }[op]
    g = rounded(np.zeros(width) if op == "certified_radius" else 3.0, dtype)
    return [([rounded(logits, dtype), labels], params, g)]


def network(op: str, rng: np.random.Generator, dtype: str, width: int) -> Calls:
    """Four layers with MaxMin, orthonormal weights and no near-tie in any pair, so that rounding decides no sort.

    In the first layer the sign of a sample decides every pair, later a bias does. What the biases add to the sorted
    pairs, (-4, 4, -4, 4, ...), is orthogonal to the rows of the next weight, so that it does not grow.
    """
    depth, d, n = 4, width // 4, 24
    half = np.tile([-1.0, 1.0], d // 2)
    flips = [np.repeat(rng.choice([-1.0, 1.0], d // 2), 2) for _ in range(depth)]
    weights = [np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(depth)]
    weights[1:] = [w - np.outer(w @ half, half) / d for w in weights[1:]]
    biases = [rng.standard_normal(d) / 4 for _ in range(depth)]
    for layer in range(1, depth - 1):
        biases[layer] += 4 * flips[layer] * half
    signs = np.where(np.arange(n) % 3 > 0, 4.0, -4.0)
    x = rng.standard_normal((n, d)) / 2 + np.outer(signs, (flips[0] * half) @ weights[0])
    g = rng.standard_normal((n, d))
    return [([rounded(a, dtype) for a in (x, *weights, *biases)], {"group_size": 2}, rounded(g, dtype))]


DRAWN: dict[str, tuple[Any, ...]] = {
    "group_sort": (sorting,),
    "max_min": (sorting,),
    "full_sort": (sorting,),
    "affine": (affine,),
    "bjorck": (bjorck,),
    "spectral_norm": (spectral,),
    "spectral_normalize": (spectral,),
    "project_l1_ball": (balls,),
    "project_l2_ball": (balls,),
    "project_linf_ball": (balls,),
    "operator_norm": (operator_norm, spectral),
    "hinge": (losses,),
    "cross_entropy": (losses,),
    "kr": (losses,),
    "hkr": (losses,),
    "certified_radius": (losses,),
    "network": (network,),
}
"""For each operation the functions that draw its calls, one after the other from one generator."""
