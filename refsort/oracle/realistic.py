"""Realistic sizes: errors that need many elements or blocked kernels, and arithmetic that is not what it says it is.

Exact truth for every entry would take minutes here, so sums are probed: entries are drawn, and each is compared with
its exact value. At these sizes the rigorous bound ``gamma_n`` is hundreds of times what happens, and would not notice
products that were computed with ten bits instead of 24. So the tolerance is the probabilistic one, `probable_gamma`:
it holds for random roundings, in all sums at once, but for a probability of 1e-9, and each comparison says that it
rests on it. From the same probes follows how many bits arithmetic would have whose errors are those that are seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, Comparison, show
from refsort.oracle.hull import over
from refsort.oracle.operations.operation import Case
from refsort.oracle.tolerances import Precision
from refsort.rounding import UNIT_ROUNDOFF, probable_gamma

Array = NDArray[Any]
Ask = Callable[[Case, bool], tuple[Array, list[Array]]]

WIDTH = 1024
FAILURE = 1e-9
_PROBES = 80
_RESTS_ON = f"probabilistic bound, confidence 1 - {FAILURE:g}"


class Sums(NamedTuple):
    """Probed entries of an array of sums of products ``a_i . b_i + c_i``.

    Attributes
    ----------
    what : str
    a, b : ndarray, (probes, inner)
        The factors, as floats.
    c : ndarray, (probes,)
        Zero where nothing is added.
    found : ndarray, (probes,)
    """

    what: str
    a: Array
    b: Array
    c: Array
    found: Array


def claims(ask: Ask, op: str, dtype: str, precision: Precision, seed: int = 0) -> Claims:
    """The comparisons of one large call of `op`; none for operations that have no realistic case here.

    Parameters
    ----------
    ask : callable
        ``ask(case, with_gradients)`` gives the result and the gradients, as `refsort.oracle.judge.answer` does.
    op, dtype : str
    precision : Precision
        What the adapter declares for the dtype.
    seed : int
        Of the data and of the probes.
    """
    rng = np.random.default_rng(seed)
    match op:
        case "group_sort" | "max_min" | "full_sort":
            yield from _sorts(ask, op, dtype, rng)
        case "affine":
            yield from _affine(ask, dtype, precision, rng)
        case "network":
            yield from _network(ask, dtype, precision, rng)


def _sorts(ask: Ask, op: str, dtype: str, rng: np.random.Generator) -> Claims:
    """Rows of distinct whole numbers: the rank of an entry in its group tells where its cotangent must come from."""
    carrier, size = strategies.FORMATS[dtype].carrier, {"max_min": 2, "full_sort": WIDTH}.get(op, 16)
    top = 256 if dtype == "bfloat16" else WIDTH  # whole numbers that the format holds exactly
    groups = [rng.permutation(top)[:size] for _ in range(4 * WIDTH // size)] if size <= top else []
    if not groups:
        return
    x = np.concatenate(groups).reshape(4, WIDTH)
    codes = np.concatenate([rng.permutation(top)[:size] for _ in groups]).reshape(4, WIDTH)
    params = {"axis": -1} | ({"group_size": size} if op == "group_sort" else {})
    out, gradients = ask(Case(op, dtype, (x.astype(carrier),), params, codes.astype(carrier)), True)
    split = x.reshape(4, -1, size)
    ranks = (split[..., None, :] < split[..., :, None]).sum(axis=-1)  # how many of the group are smaller
    expected = np.empty_like(split)
    np.put_along_axis(expected, ranks, split, axis=-1)
    pulled = np.take_along_axis(codes.reshape(4, -1, size), ranks, axis=-1)
    for kind, want, got in (("value", expected, out), ("gradient", pulled, gradients[0])):
        wrong = np.count_nonzero(want.reshape(4, WIDTH) != got)
        what = f"{4 * WIDTH} entries in groups of {size}"
        yield Comparison(
            kind, what, math.inf if wrong else Fraction(0), "every entry exactly", f"{wrong} wrong entries"
        )


def _affine(ask: Ask, dtype: str, precision: Precision, rng: np.random.Generator) -> Claims:
    n, d_out = 48, 640  # pairwise distinct from the width and from each other
    carrier = strategies.FORMATS[dtype].carrier
    x, w, b, y_bar = (_drawn(rng, dtype, shape) for shape in ((n, WIDTH), (d_out, WIDTH), (d_out,), (n, d_out)))
    out, (x_bar, w_bar, b_bar) = ask(Case("affine", dtype, (x, w, b), {}, y_bar), True)
    zeros, ones = np.zeros(_PROBES, carrier), np.ones((_PROBES, n), carrier)
    i, j = rng.integers(n, size=_PROBES), rng.integers(d_out, size=_PROBES)
    k = rng.integers(WIDTH, size=_PROBES)
    for sums, kind in (
        (Sums("the result", x[i], w[j], b[j], out[i, j]), "value"),
        (Sums("the gradient of x", y_bar[i], w[:, k].T, zeros, x_bar[i, k]), "gradient"),
        (Sums("the gradient of w", y_bar[:, j].T, x[:, k].T, zeros, w_bar[j, k]), "gradient"),
        (Sums("the gradient of b", y_bar[:, j].T, ones, zeros, b_bar[j]), "gradient"),
    ):
        yield judge_sums(kind, sums, precision)


def judge_sums(kind: str, sums: Sums, precision: Precision) -> Comparison:
    """The probed sums against their exact values, with `probable_gamma` in place of gamma."""
    roundings = sums.a.shape[1] + 1 + precision.operands
    gamma = probable_gamma(roundings, precision.u, len(sums.found), FAILURE)
    underflow = sums.a.shape[1] * precision.eta
    exact = list(_exact(sums))
    ratios = [over(abs(probe.found - probe.value), gamma * probe.size + underflow) for probe in exact]
    worst = max(range(len(ratios)), key=ratios.__getitem__)
    bits = effective_bits(exact)
    seen = "" if bits is None else f"; errors as of arithmetic with about {bits:.0f} bits"
    what = f"{sums.what}: {len(exact)} probed sums of {sums.a.shape[1]} products ({_RESTS_ON}{seen})"
    return Comparison(kind, what, ratios[worst], show(exact[worst].value), show(exact[worst].found))


class Probe(NamedTuple):
    """One sum: its exact value, the sum of the absolute values of its terms, that of their squares, and the answer."""

    value: Fraction
    size: Fraction
    squares: Fraction
    found: Fraction


def effective_bits(probes: Sequence[Probe]) -> float | None:
    """How many bits arithmetic would have whose products alone are rounded, and whose errors are those that are seen.

    If each product is off by an independent relative error of size u / sqrt(3), the error of a sum has the root mean
    square ``u / sqrt(3) sqrt(sum_k (a_k b_k)^2)``. Solved for u from the probes, the bits are -log2 u. Rounded
    additions make them fewer, by up to half of log2 of the length. None where every probe is exact.
    """
    shares = [float((p.found - p.value) ** 2 / p.squares) for p in probes if p.squares]
    mean = sum(shares) / max(1, len(shares))
    return -math.log2(math.sqrt(3 * mean)) if mean > 0 else None


def _exact(sums: Sums) -> Iterator[Probe]:
    for a, b, c, found in zip(sums.a, sums.b, sums.c, sums.found, strict=True):
        products = [spec.frac(x) * spec.frac(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
        offset = spec.frac(c)
        squares = sum((p * p for p in products), Fraction(0))
        yield Probe(sum(products, offset), sum(map(abs, products), abs(offset)), squares, spec.frac(found))


def _network(ask: Ask, dtype: str, precision: Precision, rng: np.random.Generator) -> Claims:
    """Four layers of 256 with MaxMin and orthonormal weights, end to end: the error grows linearly with the depth.

    In the 2-norm, for each sample: ``e_{l+1} <= ||W_l|| e_l + gamma || |W_l| |h_l| + |b_l| ||``, since sorting moves
    two vectors no further apart. The weights are orthonormal to some 1e-14 before they are rounded to the format, so
    ``||W_l|| <= 1 + u sqrt(256)`` and that. The truth is a pass in a wider format; its own error, smaller by the ratio
    of the roundoffs, is added in the same way.
    """
    depth, width, n = 4, 256, 8
    wider: Any = np.float64 if precision.u > 2 * UNIT_ROUNDOFF["float64"] else np.longdouble
    carrier = strategies.FORMATS[dtype].carrier
    weights = [np.linalg.qr(rng.standard_normal((width, width)))[0] for _ in range(depth)]
    weights = [_rounded(w, dtype).astype(carrier) for w in weights]
    biases = [_drawn(rng, dtype, (width,)) for _ in range(depth)]
    x, y_bar = (_drawn(rng, dtype, (n, width)) for _ in range(2))
    out, _ = ask(Case("network", dtype, (x, *weights, *biases), {"group_size": 2}, y_bar), False)
    u = precision.u + UNIT_ROUNDOFF["float64" if wider is np.float64 else "longdouble"]
    gamma = float(probable_gamma(width + 1 + precision.operands, u, depth * n * width, FAILURE)) * (1 + 2.0**-20)
    norm = 1 + float(UNIT_ROUNDOFF[dtype]) * math.sqrt(width) + 1e-12
    h: Array = x.astype(wider)
    error: Array = np.zeros(n)
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        size = np.abs(h).astype(np.float64) @ np.abs(w.astype(np.float64)).T + np.abs(b.astype(np.float64))
        error = norm * error + gamma * (np.linalg.norm(size, axis=1) + math.sqrt(width) * error)
        h = h @ w.astype(wider).T + b.astype(wider)
        h = np.sort(h.reshape(n, -1, 2), axis=-1).reshape(n, width) if i < depth - 1 else h
    distance = np.linalg.norm((out.astype(wider) - h).astype(np.float64), axis=1)
    ratios = distance / error
    worst = int(np.argmax(ratios))
    what = f"the result of {depth} layers of {width}, the 2-norm of the error of each sample ({_RESTS_ON})"
    expected = f"at most {error[worst]:.3g} from the truth, which has norm {float(np.linalg.norm(h[worst])):.3g}"
    yield Comparison("value", what, float(ratios[worst]), expected, f"{distance[worst]:.3g} from it")


def _drawn(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Array:
    return _rounded(rng.standard_normal(shape), dtype).astype(strategies.FORMATS[dtype].carrier)


def _rounded(x: Array, dtype: str) -> Array:
    """x with as many bits as the format has."""
    mantissa, exponent = np.frexp(x)
    scale = 2.0 ** strategies.FORMATS[dtype].precision
    rounded: Array = np.ldexp(np.round(mantissa * scale) / scale, exponent)
    return rounded
