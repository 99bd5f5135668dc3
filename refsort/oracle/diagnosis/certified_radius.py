"""Mistakes in certified radii: the divisor for another p, the Lipschitz constant, predictions that are wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.questions import asked, data, predicted, with_params
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong radius may come from."""
    for p, divisor in ((2, "sqrt(2) K"), (math.inf, "2 K"), (1, "K")):
        sentence = f"the margin is divided by {divisor} whatever p, where 2^(1 - 1/p) K is due"
        yield asked("certificate divisor", sentence, partial(with_params, p=p))
    sentence = "the margin is divided by 2^(1/p) K, where 2^(1 - 1/p) K is due: p is taken for its dual exponent"
    yield asked("certificate divisor", sentence, _dual)
    sentence = "the margin is multiplied by 2^(1 - 1/p), where it is to be divided"
    yield asked("certificate divisor", sentence, _multiplied)
    constants: list[tuple[str, str, Callable[[float], float]]] = [
        ("Lipschitz constant ignored", "the Lipschitz constant is ignored and 1 used", lambda k: 1.0),
        ("Lipschitz constant misplaced", "the margin is multiplied by the Lipschitz constant", lambda k: 1 / k),
        (
            "Lipschitz constant misplaced",
            "the margin is divided by the square of the Lipschitz constant",
            lambda k: k * k,
        ),
        ("Lipschitz constant misplaced", "the margin is divided by the root of the Lipschitz constant", math.sqrt),
    ]
    for name, sentence, constant in constants:
        yield asked(name, sentence, partial(_with_constant, constant=constant))
    sentence = "wrong predictions get a negative radius, where 0 is due"
    yield predicted("negative radius", sentence, partial(_radius, part=lambda m: m), 32)
    sentence = "wrong predictions get a positive radius: the absolute value of the margin is taken"
    yield predicted("margin of the prediction", sentence, partial(_radius, part=np.abs), 32)
    sentence = "the margin is that of the two largest logits, whatever the label: wrong predictions are certified"
    yield asked("margin of the prediction", sentence, _of_the_prediction)
    sentence = "the margin is the logit of the label alone, without the largest other one"
    yield predicted("margin of one logit", sentence, _of_one_logit, 32)
    yield from scale.values(witnesses)


def _dual(case: Case) -> Case:
    d = _power(case)  # and 2^(1/p) = 2 / d
    return with_params(case, lipschitz=case.params["lipschitz"] * 2 / d**2)


def _power(case: Case) -> float:
    p = case.params["p"]
    return float(2 ** (1 - (0 if p == math.inf else 1 / p)))


def _multiplied(case: Case) -> Case:
    return with_params(case, lipschitz=case.params["lipschitz"] / _power(case) ** 2)


def _with_constant(case: Case, constant: Callable[[float], float]) -> Case:
    return with_params(case, lipschitz=constant(case.params["lipschitz"]))


def _of_the_prediction(case: Case) -> Case:
    return case._replace(arrays=(data(case), np.argmax(data(case), axis=1).astype(np.int64)))


def _margins(case: Case) -> Array:
    y = wide(data(case))
    at = np.arange(y.shape[1]) == case.arrays[1][:, None]
    result: Array = y[at] - np.where(at, -np.inf, y).max(axis=1)
    return result


def _radius(case: Case, part: Callable[[Array], Array]) -> Any:
    return part(_margins(case)) / (wide(_power(case)) * wide(case.params["lipschitz"]))


def _of_one_logit(case: Case) -> Any:
    logit = wide(data(case))[np.arange(len(data(case))), case.arrays[1]]
    return np.maximum(logit, 0) / (wide(_power(case)) * wide(case.params["lipschitz"]))
