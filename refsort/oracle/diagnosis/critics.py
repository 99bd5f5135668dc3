"""Mistakes in losses of critics: sums for means, signs, the weights of the two parts of hkr; and on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.questions import (
    asked,
    asked_back,
    cotangent_ignored,
    predicted,
    predicted_back,
    with_params,
)
from refsort.oracle.diagnosis.witness import Explanation, Witness, wide

Weight = Callable[[Any], Any]
"""Of alpha."""

_SUMS: list[tuple[str, Callable[[int, int], tuple[int, int]]]] = [
    ("sums are taken for both means", lambda n, m: (1, 1)),
    ("both sums are divided by the number of values on P", lambda n, m: (n, n)),
    ("both sums are divided by the number of values on Q", lambda n, m: (m, m)),
    ("both sums are divided by the number of all values", lambda n, m: (n + m, n + m)),
]
_PARTS: list[tuple[str, str, Weight, Weight]] = [
    ("sign of kr", "kr is added, where it is to be subtracted: kr + alpha hinge", lambda a: -1, lambda a: a),
    ("kr missing", "only the hinge is left: alpha hinge", lambda a: 0, lambda a: a),
    ("hinge missing", "only kr is left: -kr", lambda a: 1, lambda a: 0),
    (
        "alpha convention",
        "it computes -(1 - alpha) kr + alpha hinge: here -kr has the weight 1",
        lambda a: 1 - a,
        lambda a: a,
    ),
    ("alpha convention", "it computes -alpha kr + hinge: alpha stands at the other term", lambda a: a, lambda a: 1),
    ("alpha convention", "it computes -alpha kr + (1 - alpha) hinge", lambda a: a, lambda a: 1 - a),
    ("alpha convention", "it computes -kr + hinge / alpha", lambda a: 1, lambda a: 1 / a if a else None),
]
_HINGES: list[tuple[str, str, Callable[[int, int], tuple[float, float]]]] = [
    ("sum for mean", "hinges are added up, where their mean is due", lambda n, m: (1, 1)),
    (
        "hinge of each sample",
        "the means of the hinges on P and on Q are added up, where one mean over all is due",
        lambda n, m: (n, m),
    ),
    (
        "hinge of each sample",
        "half of the sum of the means of the hinges on P and on Q is taken",
        lambda n, m: (2 * n, 2 * m),
    ),
    ("hinge of each sample", "all hinges are divided by the number of values on P", lambda n, m: (n, n)),
    ("hinge of each sample", "all hinges are divided by the number of values on Q", lambda n, m: (m, m)),
    ("factor in the hinge", "the hinge is half of what it should be", lambda n, m: (2 * (n + m),) * 2),
    ("factor in the hinge", "the hinge is twice what it should be", lambda n, m: ((n + m) / 2,) * 2),
]


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong loss may come from."""
    if witnesses[0].case.op == "kr":
        for words, sizes in _SUMS:
            yield predicted("sum for mean", words, partial(_kr, sizes=sizes), 32, _reach)
        yield predicted("absolute value", "it gives the absolute value of kr", lambda case: abs(_kr(case)), 32, _reach)
    else:
        yield asked("alpha ignored", "alpha is ignored and 1 used", partial(with_params, alpha=1.0))
        yield asked("margin ignored", "the margin is ignored and 1 used", partial(with_params, margin=1.0))
        yield asked("margin ignored", "the margin is ignored and 0 used", partial(with_params, margin=0.0))
        for words, factor in (("half of the margin is used", 0.5), ("twice the margin is used", 2.0)):
            yield asked("margin convention", words, partial(_with_margin, factor=factor))
        for name, sentence, of_kr, of_hinge in _PARTS:
            parts = partial(_hkr, of_kr=of_kr, of_hinge=of_hinge)
            yield predicted(name, sentence, parts, 32, _reach)
        for name, sentence, hinge_sizes in _HINGES:
            yield predicted(name, sentence, partial(_hkr, hinge_sizes=hinge_sizes), 32, _reach)
        for words, kr_sizes in _SUMS:
            yield predicted("sum for mean", f"in kr {words}", partial(_hkr, kr_sizes=kr_sizes), 32, _reach)
    yield from scale.values(witnesses)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right loss may come from."""
    yield from common(witnesses, _gradients, ["the values on P", "the values on Q"])
    yield cotangent_ignored()
    if witnesses[0].case.op == "kr":
        for words, sizes in _SUMS:
            predict = partial(_gradients, kr_sizes=sizes)
            yield predicted_back("gradient of a sum", f"on the way back {words}", predict, 16)
        for where, of_one in (("P", _all_on_p), ("Q", _all_on_q)):
            sentence = f"the gradient on {where} is divided by the number of all values"
            yield predicted_back("gradient of a sum", sentence, partial(_gradients, kr_sizes=of_one), 16)
        yield predicted_back("gradients exchanged", "the gradients of P and Q are exchanged", _exchanged, 16)
    else:
        question = partial(with_params, alpha=1.0)
        yield asked_back("parameter missing in the gradient", "the gradient is the one for alpha = 1", question)
        for words, of_kr, of_hinge in (("hinge", 1, 0), ("kr", 0, 1)):
            predict = partial(_gradients, of_kr=of_kr, of_hinge=of_hinge)
            sentence = f"the gradient is that without {words}, which is detached"
            yield predicted_back("part missing in the gradient", sentence, predict, 16)
        predict = partial(_gradients, kr_sizes=_SUMS[0][1], hinge_sizes=_HINGES[0][2])
        yield predicted_back("gradient of a sum", "the gradient is that of sums, not of means", predict, 16)
        sentence = "the gradients on P and on Q are n and m times what they should be"
        yield predicted_back("gradient of a sum", sentence, _times_sizes, 16)
        sentence = "the slope of a hinge at its corner is not between 0 and 1"
        yield Explanation("slope at corners", sentence, _at_corners)


def _with_margin(case: Case, factor: float) -> Case:
    return with_params(case, margin=factor * case.params["margin"])


def _reach(case: Case) -> Any:
    """The sizes of what is added up, whatever it is divided by."""
    alpha, margin = (abs(case.params.get(name, 0.0)) for name in ("alpha", "margin"))
    return (1 + alpha) * (margin + max(np.abs(wide(array)).max() for array in case.arrays))


def _own(n: int, m: int) -> tuple[int, int]:
    return n, m


def _all_on_p(n: int, m: int) -> tuple[int, int]:
    return n + m, m


def _all_on_q(n: int, m: int) -> tuple[int, int]:
    return n, n + m


def _all(n: int, m: int) -> tuple[int, int]:
    return n + m, n + m


def _sizes(case: Case, of: Callable[[int, int], tuple[float, float]]) -> tuple[float, float]:
    return of(case.arrays[0].size, case.arrays[1].size)


def _kr(case: Case, sizes: Callable[[int, int], tuple[float, float]] = _own) -> Any:
    (p, q), (n, m) = case.arrays, _sizes(case, sizes)
    return wide(p).sum() / n - wide(q).sum() / m


def _hkr(
    case: Case,
    of_kr: Weight = lambda a: 1,
    of_hinge: Weight = lambda a: a,
    kr_sizes: Callable[[int, int], tuple[float, float]] = _own,
    hinge_sizes: Callable[[int, int], tuple[float, float]] = _all,
) -> Any:
    alpha, margin = (wide(case.params[name]) for name in ("alpha", "margin"))
    hinges = zip((1, -1), case.arrays, _sizes(case, hinge_sizes), strict=True)
    hinge = sum(np.maximum(margin - sign * wide(array), 0).sum() / size for sign, array, size in hinges)
    weight = of_hinge(alpha)
    return None if weight is None else -of_kr(alpha) * _kr(case, kr_sizes) + weight * hinge


def _gradients(
    case: Case,
    of_kr: int = 1,
    of_hinge: int = 1,
    kr_sizes: Callable[[int, int], tuple[float, float]] = _own,
    hinge_sizes: Callable[[int, int], tuple[float, float]] = _all,
) -> list[Any]:
    """One admissible gradient: nothing at the corners of hinges."""
    g, result = wide(case.cotangent), []
    for sign, array, of_mean, of_all in zip(
        (1, -1), case.arrays, _sizes(case, kr_sizes), _sizes(case, hinge_sizes), strict=True
    ):
        if case.op == "kr":
            result.append(np.full(array.shape, sign * g / of_mean))
            continue
        opened = wide(case.params["margin"]) - sign * wide(array) > 0
        slopes = of_hinge * wide(case.params["alpha"]) * opened / of_all
        result.append(-sign * g * (of_kr / wide(of_mean) + slopes))
    return result


def _exchanged(case: Case) -> list[Any]:
    on_p, on_q = _gradients(case)
    return [np.full(on_p.shape, on_q[0]), np.full(on_q.shape, on_p[0])]


def _times_sizes(case: Case) -> list[Any]:
    return [gradient * gradient.size for gradient in _gradients(case)]


def _at_corners(witness: Witness) -> bool | None:
    """Whether all is right but at corners, where one slope explains every entry."""
    if witness.gradients is None:
        return None
    case, told = witness.case, False
    for array, sign, found, truth in zip(case.arrays, (1, -1), witness.gradients, _gradients(case), strict=True):
        corner = case.params["margin"] == sign * array
        if np.any(np.abs(found - truth)[~corner] > 16 * witness.u * np.abs(truth).max()):
            return False
        told = told or bool(corner.any())
    return True if told and not witness.gradients_right else witness.gradients_right or None
