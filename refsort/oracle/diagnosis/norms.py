"""Mistakes in spectral and operator norms: other norms, estimates from below, epsilons; and on the way back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.epsilon import Widened, epsilons
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.questions import (
    cotangent_ignored,
    data,
    predicted,
    predicted_back,
    truth,
    undone,
)
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, wide
from refsort.oracle.judge import Mismatch, answer
from refsort.strategies import FORMATS

SVD = 64
"""Roundings of the largest entry that a predicted singular value is allowed: far fewer than the bound of one."""

Norm = Callable[[Array], Any]

_DUAL = {1: math.inf, 2: 2, math.inf: 1}


def singular_values(w: Array) -> Array:
    """In float64, which is what there is."""
    return wide(np.linalg.svd(w.astype(np.float64), compute_uv=False))


def frobenius(w: Array) -> Any:
    """The root of the sum of squares."""
    size = np.abs(w).max()
    return size * np.sqrt(((w / size) ** 2).sum()) if size else size


def of_pair(p: float, q: float, w: Array) -> Any:
    """The norm from l_p to l_q, for the pairs that are asked for."""
    if p == q == 2:
        return singular_values(w)[0]
    if (p, q) == (1, math.inf):
        return np.abs(w).max()
    rows = w.T if p == 1 else w  # one vector a row
    return max(frobenius(row) if 2 in (p, q) else np.abs(row).sum() for row in rows)


OTHER_NORMS: list[tuple[str, Norm]] = [
    ("the Frobenius norm", frobenius),
    ("the largest entry", partial(of_pair, 1, math.inf)),
    ("the largest 1-norm of a column", partial(of_pair, 1, 1)),
    ("the largest 1-norm of a row", partial(of_pair, math.inf, math.inf)),
    ("the largest 2-norm of a column", partial(of_pair, 1, 2)),
    ("the largest 2-norm of a row", partial(of_pair, 2, math.inf)),
    ("the spectral norm", partial(of_pair, 2, 2)),
    ("the smallest singular value", lambda w: singular_values(w)[-1]),
    ("the sum of the singular values", lambda w: singular_values(w).sum()),
    ("the sum of all entries' absolute values", lambda w: np.abs(w).sum()),
]


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong norm may come from."""
    if witnesses[0].case.op == "operator_norm":
        sentence = "it gives the norm of the transpose: columns for rows, p and q for their duals in reverse"
        yield predicted("norm of the transpose", sentence, _of_the_transpose, SVD)
        sentence = "it gives the norm from l_p to l_p, whatever q"
        yield predicted("another norm", sentence, _from_p_to_p, SVD)
        sentence = "it takes the mean of the norms of rows or columns, where the largest is due"
        yield predicted("mean for maximum", sentence, _mean, SVD)
    for words, norm in OTHER_NORMS:
        yield predicted("another norm", f"it gives {words}, whatever was asked for", partial(_of, norm=norm), SVD)
    sentence = "the root of a sum of squares, or of an eigenvalue of W^T W, is not taken"
    yield undone("square root missing", sentence, _root)
    yield from scale.values(witnesses)
    yield from epsilons(witnesses, _sizes, _is)
    if answers_rank_one(witnesses[0], lambda w: spectral_norm_of_rank_one(w)):
        sentence = (
            "it never exceeds the norm, often falls short of it, and is right for rank one: an iteration from below "
            "(power iteration) that stops too early"
        )
        yield Explanation("estimate from below", sentence, _from_below)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right norm may come from."""
    yield from common(witnesses, lambda case: [case.cotangent * subgradient(case)], ["W"])
    yield cotangent_ignored()
    sentence = "the gradient is that of the square of the norm"
    yield predicted_back("gradient of the square", sentence, _of_the_square, SVD)
    others: list[tuple[str, Callable[[Array], Array]]] = [
        ("of the Frobenius norm: W / |W|_F", lambda w: w / (frobenius(w) or 1)),
        ("of the sum of the singular values: U V^T", _polar),
        ("of the sum of all entries' absolute values: sign(W)", np.sign),
    ]
    for words, gradient in others:
        yield predicted_back(
            "gradient of another norm", f"the gradient is that {words}", partial(_back, of=gradient), SVD
        )
    if witnesses[0].case.op == "operator_norm":
        sentence = "rows or columns that are tied for the largest get the whole gradient each: that has a sum above 1"
        yield predicted_back("all gradients to each at ties", sentence, _to_each, SVD)


def _of(case: Case, norm: Norm) -> Any:
    return norm(wide(data(case)))


def _from_p_to_p(case: Case) -> Any:
    return of_pair(case.params["p"], case.params["p"], wide(data(case)))


def _of_the_transpose(case: Case) -> Any:
    return of_pair(case.params["p"], case.params["q"], wide(data(case)).T)


def _vectors(case: Case) -> tuple[Array, bool, bool]:
    """One vector a row, whether these are columns, and whether their norm is that of l_2; not for the pair (2, 2)."""
    w, (p, q) = wide(data(case)), (case.params["p"], case.params["q"])
    if (p, q) == (1, math.inf):
        return w.reshape(-1, 1), False, False
    return (w.T if p == 1 else w), p == 1, 2 in (p, q)


def _mean(case: Case) -> Any:
    if case.params["p"] == case.params["q"] == 2:
        return None
    vectors, _, euclidean = _vectors(case)
    return np.mean([frobenius(v) if euclidean else np.abs(v).sum() for v in vectors])


def _root(case: Case, out: Array) -> Any:
    if case.op == "operator_norm" and 2 not in case.params.values():
        return out
    return np.sqrt(out)


def _sizes(witness: Witness) -> list[tuple[Any, Any]]:
    return [(truth(witness.case).item(), wide(witness.out).item())]


def _is(witness: Witness, widened: Widened) -> bool:
    return close(witness.out, np.asarray(widened(truth(witness.case))), witness.u, SVD)


def spectral_norm_of_rank_one(w: Array) -> Any:
    """What `answers_rank_one` asks for of a norm."""
    return np.asarray(frobenius(wide(w)))


def answers_rank_one(witness: Witness, expected: Callable[[Array], Any]) -> bool:
    """Whether positive matrices of rank one are answered as expected: there one step of power iteration is enough.

    Their entries need half of the dtype's bits and a few more, so that what computes in a narrower one is told apart.
    """
    unit = 1 + 2.0 ** -(FORMATS[witness.case.dtype].precision // 2)
    for m, n in ((2, 3), (4, 2), (3, 3)):
        w = np.outer(np.arange(1, m + 1) * unit, np.arange(n, 0, -1) / 4).astype(data(witness.case).dtype)
        params = {"p": 2, "q": 2} if witness.case.op == "operator_norm" else {}
        result = expected(w)
        case = witness.case._replace(arrays=(w,), params=params, cotangent=np.zeros(result.shape, w.dtype))
        try:
            out, _ = answer(witness.adapter, case, with_gradients=False)
        except (Mismatch, NotImplementedError):
            return False
        if not close(out, result, witness.u, SVD):
            return False
    return True


def _from_below(witness: Witness) -> bool | None:
    if witness.case.op == "operator_norm" and (witness.case.params["p"], witness.case.params["q"]) != (2, 2):
        return witness.right
    return bool(witness.out >= 0) and (witness.right or bool(wide(witness.out) <= truth(witness.case)))


def subgradient(case: Case) -> Array:
    """One element of the subdifferential of the norm at W."""
    if case.op != "operator_norm" or case.params["p"] == case.params["q"] == 2:
        u, _, vt = np.linalg.svd(data(case).astype(np.float64), full_matrices=False)
        return wide(np.outer(u[:, 0], vt[0]))
    return _shared(case, only_first=True)


def _shared(case: Case, only_first: bool) -> Array:
    """The unit vector or the signs at the first of the largest vectors, or at each of them."""
    vectors, columns, euclidean = _vectors(case)
    norms = np.array([frobenius(v) if euclidean else np.abs(v).sum() for v in vectors])
    result = np.zeros_like(vectors)
    for i in np.flatnonzero(norms == norms.max())[: 1 if only_first else None]:
        result[i] = vectors[i] / (norms[i] or 1) if euclidean else np.sign(vectors[i])
    return (result.T if columns else result).reshape(data(case).shape)


def _to_each(case: Case) -> list[Array] | None:
    if case.params["p"] == case.params["q"] == 2:
        return None
    return [case.cotangent * _shared(case, only_first=False)]


def _of_the_square(case: Case) -> list[Array] | None:
    return [2 * truth(case) * case.cotangent * subgradient(case)] if is_simple(case) else None


def is_simple(case: Case) -> bool:
    """Whether the norm has one gradient, and vectors that rounding does not turn far."""
    if case.op != "operator_norm" or case.params["p"] == case.params["q"] == 2:
        s = singular_values(data(case))
        return bool(s[0] > 0 and (len(s) == 1 or s[1] <= s[0] * 7 / 8))
    vectors, _, euclidean = _vectors(case)
    norms = sorted(frobenius(v) if euclidean else np.abs(v).sum() for v in vectors)
    return bool(norms[-1] > 0 and (euclidean or data(case).all()) and (len(norms) == 1 or norms[-2] < norms[-1]))


def _polar(w: Array) -> Array:
    u, _, vt = np.linalg.svd(w.astype(np.float64), full_matrices=False)
    return wide(u @ vt)


def _back(case: Case, of: Callable[[Array], Array]) -> list[Array]:
    return [case.cotangent * of(wide(data(case)))]
