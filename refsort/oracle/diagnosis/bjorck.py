"""Mistakes in Bjorck's iteration: steps, coefficients, scalings; and on the way back, parts that were detached.

The wrong iterations are run in the widest floating-point format, where the true one is exact only in `refsort.spec`:
what is compared with them is right or wrong in more than the last digits, or was not called wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import comb

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, wide
from refsort.oracle.judge import Mismatch, answer

_STEPS = (1, 2, -1, -2)
_NORMS: list[tuple[str, Callable[[Array], float]]] = [
    ("its spectral norm", lambda w: float(np.linalg.norm(w.astype(np.float64), 2))),
    ("its Frobenius norm", lambda w: float(np.linalg.norm(w))),
    ("sqrt(m n)", lambda w: float(np.sqrt(w.size))),
    ("sqrt(|W|_1 |W|_inf)", lambda w: float(np.sqrt(np.abs(w).sum(axis=0).max() * np.abs(w).sum(axis=1).max()))),
    ("its largest entry", lambda w: float(np.abs(w).max())),
]


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong iterate may come from."""
    predictions: list[tuple[str, str, Callable[[Case], Array | None]]] = [
        ("beta ignored", "beta is ignored and 1/2 used", partial(iterate, beta=0.5)),
        ("order ignored", "the order is ignored and 1 used", partial(iterate, order=1)),
        ("order ignored", "order and beta are ignored and 1 and 1/2 used", partial(iterate, order=1, beta=0.5)),
        ("sign flipped", "the iterate has the opposite sign", lambda case: -iterate(case)),
    ]
    for k in _STEPS:
        sentence = f"it makes {_steps(abs(k))} too {'many' if k > 0 else 'few'}"
        predictions.append(("number of steps", sentence, partial(_iterate_off_by, k=k)))
    for most in (1, 2, 3, 4):
        sentence = f"it never makes more than {_steps(most)}"
        predictions.append(("steps cut off", sentence, partial(iterate, most=most)))
        sentence = f"it always makes {_steps(most)}, however many are asked for"
        predictions.append(("number of steps", sentence, partial(iterate, steps=most)))
    sentence = "it returns the limit U V^T, not the iterate after the given steps"
    yield Explanation("polar factor", sentence, _is_the_polar_factor)
    for norm, size in _NORMS:
        predictions.append(("scaled first", f"W is divided by {norm} first", partial(_scaled, size=size)))
        sentence = f"W is divided by {norm} first where that is above 1"
        predictions.append(("scaled first", sentence, partial(_scaled, size=size, least=1.0)))
    for name, sentence, predict in predictions:
        yield Explanation(name, sentence, partial(_predicts, predict=predict))
    yield from _other_coefficients(witnesses)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right iterate may come from."""
    yield from common(witnesses, lambda case: [pullback(case)], ["W"])
    predictions: list[tuple[str, str, Callable[[Case], Array | None]]] = [
        (
            "gradient of the last step only",
            "only the last step is differentiated: the iterates before it are detached",
            partial(pullback, last=1),
        ),
        (
            "gradient without the Gram matrix",
            "A^T A is taken for a constant on the way back (detached)",
            partial(pullback, gram=0.0),
        ),
        (
            "Gram matrix not symmetrised",
            "the gradient of A^T A is 2 A G where A (G + G^T) is due: G is not symmetric",
            partial(pullback, symmetric=False),
        ),
    ]
    for name, sentence, predict in predictions:
        yield Explanation(name, sentence, partial(_predicts_gradient, predict=predict))


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count > 1)}"


def _predicts(witness: Witness, predict: Callable[[Case], Array | None]) -> bool | None:
    predicted = predict(witness.case)
    if predicted is None:
        return None
    return close(witness.out, predicted, witness.u, _roundings(witness.case), witness.case.arrays[0])


def _predicts_gradient(witness: Witness, predict: Callable[[Case], Array | None]) -> bool | None:
    predicted = predict(witness.case)
    if predicted is None or witness.gradients is None:
        return None
    return close(witness.gradients[0], predicted, witness.u, 2 * _roundings(witness.case), witness.case.cotangent)


def _roundings(case: Case) -> int:
    order, iterations = case.params["order"], case.params["iterations"]
    return int(4 * (order + 1) * (iterations + 1))


def _c(order: int, beta: float) -> list[float]:
    return [1.0, beta] if order == 1 else [comb(2 * j, j) / 4**j for j in range(order + 1)]


def _step(a: Array, c: Sequence[float]) -> Array:
    """``a (c_0 I + c_1 Q + ...)`` with Q = I - a^T a."""
    q, total = np.eye(a.shape[1], dtype=a.dtype) - a.T @ a, np.zeros((a.shape[1],) * 2, a.dtype)
    for x in reversed(c):
        total = total @ q + np.longdouble(x) * np.eye(a.shape[1], dtype=a.dtype)
    return a @ total


@np.errstate(over="ignore", invalid="ignore")
def iterate(
    case: Case,
    w: Array | None = None,
    steps: int | None = None,
    most: int | None = None,
    order: int | None = None,
    beta: float | None = None,
    c: Sequence[float] | None = None,
) -> Array:
    """The iterate of `case`, or of what is asked instead."""
    params = case.params
    c = _c(params["order"] if order is None else order, params["beta"] if beta is None else beta) if c is None else c
    k = params["iterations"] if steps is None else steps
    a = wide(case.arrays[0] if w is None else w)
    for _ in range(k if most is None else min(k, most)):
        a = _step(a, c)
    return a


def pullback(case: Case, last: int | None = None, gram: float = 1.0, symmetric: bool = True) -> Array:
    """The gradient of `case`, or that of its last steps only, or with another derivative of ``a^T a``.

    A step ``a p(q)`` with q = I - a^T a takes a cotangent g to ``g p(q) - a (q_bar + q_bar^T)``, q_bar that of q.
    """
    c, k = _c(case.params["order"], case.params["beta"]), case.params["iterations"]
    g = wide(case.cotangent)
    first = 0 if last is None else max(k - last, 0)
    for at in reversed(range(first, k)):
        a = iterate(case, steps=at)
        identity = np.eye(a.shape[1], dtype=a.dtype)
        q, total, q_bar = identity - a.T @ a, 0 * identity, 0 * identity
        powers = [identity]
        for x in c:
            total = total + np.longdouble(x) * powers[-1]
            powers.append(powers[-1] @ q)
        for j, x in enumerate(c):
            for i in range(j):  # the product rule on q^j
                q_bar = q_bar + np.longdouble(x) * powers[i] @ a.T @ g @ powers[j - 1 - i]
        g = g @ total - np.longdouble(gram) * a @ (q_bar + q_bar.T if symmetric else 2 * q_bar)
    return g


def _iterate_off_by(case: Case, k: int) -> Array:
    return iterate(case, steps=max(case.params["iterations"] + k, 0))


def _scaled(case: Case, size: Callable[[Array], float], least: float = 0.0) -> Array | None:
    w = wide(case.arrays[0])
    scale = max(size(w), least) if w.any() else least
    return iterate(case, w / np.longdouble(scale)) if scale else None


def _is_the_polar_factor(witness: Witness) -> bool | None:
    """U V^T on the range of W; elsewhere, as for W = 0, any partial isometry. It loses as many digits as W has few."""
    u, s, vt = np.linalg.svd(witness.case.arrays[0].astype(np.float64), full_matrices=False)
    of_range = s * 512 >= max(s[0], 1e-300)
    if np.any(s[~of_range] > 2.0**-40 * s[0]):  # small ones, whose vectors are hardly known
        return None
    tolerance = witness.u * (8 + 2 * s[0] / s[of_range][-1]) if of_range.any() else 8 * witness.u
    sizes = np.linalg.svd(witness.out.astype(np.float64), compute_uv=False)
    found = u[:, of_range].T @ witness.out.astype(np.float64) @ vt[of_range].T
    isometry = np.minimum(sizes, np.abs(sizes - 1)).max() <= len(s) * tolerance
    return bool(isometry and np.abs(found - np.eye(len(found))).max(initial=0) <= len(s) * tolerance)


_PROBE = np.diag(np.arange(1, 9) / 8)  # exact in every format; its eight singular values tell eight coefficients apart


def _other_coefficients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """Coefficients found from single steps: one for each order and beta that occurs."""
    keys = sorted({_key(witness.case) for witness in witnesses})
    found = {key: _coefficients_found(witnesses[0], key) for key in keys}
    if any(c is None for c in found.values()):
        return
    used = {key: c for key, c in found.items() if c is not None}
    tolerance = 64 * witnesses[0].u
    wrong = [key for key in keys if any(abs(a - b) > tolerance for a, b in zip(used[key], _c(*key), strict=True))]
    if not wrong:
        return
    order, beta = max(wrong)
    listed = ", ".join(f"{c:.4g}" for c in used[order, beta])
    sentence = f"for order {order} its coefficients c_0, ..., c_{order} are {listed}, and not "
    sentence += ", ".join(f"{c:.4g}" for c in _c(order, beta))
    yield Explanation("coefficients", sentence, partial(_with_coefficients, used=used))


def _key(case: Case) -> tuple[int, float]:
    return case.params["order"], case.params["beta"]


def _coefficients_found(witness: Witness, key: tuple[int, float]) -> list[float] | None:
    """By least squares from one step, linear in the coefficients: ``out = sum_j c_j a Q^j``."""
    dtype = witness.case.arrays[0].dtype
    a = _PROBE.astype(dtype)
    params = {"iterations": 1, "order": key[0], "beta": key[1]}
    case = witness.case._replace(arrays=(a,), params=params, cotangent=np.zeros_like(a))
    try:
        out, _ = answer(witness.adapter, case, with_gradients=False)
    except (Mismatch, NotImplementedError):
        return None
    terms = [_step(wide(a), [0.0] * j + [1.0]).astype(np.float64).ravel() for j in range(key[0] + 1)]
    solution = np.linalg.lstsq(np.stack(terms, axis=-1), out.astype(np.float64).ravel(), rcond=None)[0]
    return [float(c) for c in solution]


def _with_coefficients(witness: Witness, used: dict[tuple[int, float], list[float]]) -> bool | None:
    c = used.get(_key(witness.case))
    if c is None:
        return None
    return close(
        witness.out, iterate(witness.case, c=c), witness.u, 8 * _roundings(witness.case), witness.case.arrays[0]
    )
