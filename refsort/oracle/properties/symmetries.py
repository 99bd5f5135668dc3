"""Symmetries of losses, norms and certificates: what another case must give, the answer to this one must give.

Where the exact result of a case is also that of the turned case, the answer to the turned one is put to the claims of
the case itself, with their bounds: so nothing has to be derived anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.exactly import exact
from refsort.oracle.properties.asking import Array, Ask, held


def batch_in_any_order(ask: Ask, case: Case) -> Iterator[Comparison]:
    """A mean, and a certificate for each row, do not depend on the order of the rows: a loss that looks at the first
    row, or at labels and logits in different orders (B18). 1 call."""
    whole = case.op == "network"  # there only x has rows
    arrays = tuple(a if whole and i else np.ascontiguousarray(a[::-1]) for i, a in enumerate(case.arrays))
    yield from right_for(ask, case, case._replace(arrays=arrays), _flipped, "the rows in reverse order")


def classes_trade_places(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Classes have no order: renumbered in logits and labels, they give the same. A class that is treated apart, the
    last one or the label 0 (B16, B18). 1 call."""
    logits, labels = case.arrays
    turned = np.ascontiguousarray(np.roll(logits, 1, axis=1)), (labels + 1) % max(logits.shape[1], 1)
    yield from right_for(ask, case, case._replace(arrays=turned), _same, "the classes renumbered")


def samples_trade_places(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``kr(q, p) = -kr(p, q)``: a mean over both samples together, one of the two sizes for both (B18). 1 call."""
    turned = case._replace(arrays=case.arrays[::-1])
    yield from right_for(ask, case, turned, lambda out: -out, "the samples exchanged, with the opposite sign")


def signed_permutations(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Rows and columns permuted, with signs, have the same norm from l_p to l_q, and are normalised alike: a norm of
    signed sums, of one row, from a start vector that is orthogonal to what it looks for (B6). 1 call."""
    w = case.arrays[0]
    rows, columns = (1 - 2 * (np.arange(n) % 2) for n in w.shape)
    signs = np.outer(rows, columns).astype(w.dtype)
    turned = case._replace(arrays=(np.ascontiguousarray(np.roll(signs * w, (1, 1), (0, 1))),))

    def back(out: Array) -> Array:
        return signs * np.roll(out, (-1, -1), (0, 1)) if out.ndim else out

    yield from right_for(ask, case, turned, back, "rows and columns permuted, with signs")


def transposed(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``||W^T||_2 = ||W||_2``, and W^T is normalised to the transposed: code for tall matrices only (B23). 1 call."""
    arrays = tuple(np.ascontiguousarray(array.T) for array in case.arrays)
    shape = case.cotangent.T.shape
    turned = case._replace(arrays=arrays, cotangent=np.zeros(shape, case.cotangent.dtype))
    yield from right_for(ask, case, turned, lambda out: out.T, "the transposed matrix")


def scaled(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``||2^k W|| = 2^k ||W||``, and 2^k W is normalised to the same: absolute epsilons (B7; deel-torchlip divides by
    sigma + 0.001), estimates that stop at an absolute change (B6). 1 call.

    k is 20, or 3 in float16, towards numbers of size 1, so that squares stay where those of W are, or nearer to 1.
    """
    w = case.arrays[0]
    k = (3 if case.dtype == "float16" else 20) * (-1 if np.abs(w).max() >= 1 else 1)
    factor = Fraction(2) ** k
    if not held(case.dtype, exact(w) * factor):
        return
    turned = case._replace(arrays=(np.ldexp(w, k),))
    norm = case.op != "spectral_normalize"
    yield from right_for(ask, case, turned, lambda out: out / factor if norm else out, f"2^{k} times the matrix")


def right_for(ask: Ask, case: Case, turned: Case, back: Callable[[Array], Array], what: str) -> Iterator[Comparison]:
    """The claims of `case` on ``back(answer to turned)``."""
    out = np.asarray(back(ask.value(turned)), dtype=object)
    for comparison in OPERATIONS[case.op].values(case, out, ask.precision(case)):
        yield comparison._replace(what=f"{what}: {comparison.what}")


def _same(out: Array) -> Array:
    return out


def _flipped(out: Array) -> Array:
    return out[::-1] if out.ndim else out
