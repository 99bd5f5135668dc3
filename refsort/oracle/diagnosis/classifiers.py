"""Mistakes in losses of logits with labels: divisors, margins, temperatures; and on the way back, labels left out."""

from __future__ import annotations

import math
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
    data,
    predicted,
    undone,
    undone_back,
    with_params,
)
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong loss may come from."""
    for words, margin in (("1", 1.0), ("0", 0.0)):
        question = partial(with_params, margin=margin)
        yield asked("margin ignored", f"the margin is ignored and {words} used", question)
    questions: list[tuple[str, str, Callable[[float, float], float]]] = [
        ("margin convention", "half of the margin is used", lambda margin, _: margin / 2),
        ("margin convention", "twice the margin is used", lambda margin, _: 2 * margin),
        ("margin convention", "the margin has the opposite sign", lambda margin, _: -margin),
    ]
    if witnesses[0].case.op == "cross_entropy":
        yield asked(
            "temperature ignored", "the temperature is ignored and 1 used", partial(with_params, temperature=1.0)
        )
        sentence = "logits are divided by the temperature: here it multiplies them"
        yield asked("temperature inverted", sentence, _inverted)
        sentence = "the margin is taken off after the temperature was multiplied, not before"
        questions.append(("margin convention", sentence, lambda margin, temperature: margin / temperature))
    for name, sentence, margin_of in questions:
        yield asked(name, sentence, partial(_with_margin, margin_of=margin_of))
    if witnesses[0].case.op == "hinge":
        yield from _of_hinges()
    else:
        sentence = "the logarithm has base 2: the loss is in bits"
        bits = scale.divided_out("another base of the logarithm", sentence, lambda case: 1 / math.log(2))
        yield bits
    yield from scale.values(witnesses)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right loss may come from."""
    yield from common(witnesses, lambda case: [_gradient(case), None], ["the logits", "the labels"])
    yield cotangent_ignored()
    sentence = "the logit of the label itself gets no gradient"
    yield undone_back("no gradient at the label", sentence, _label_restored)
    if witnesses[0].case.op == "hinge":
        factors: list[tuple[str, Callable[[Case], float]]] = [
            ("k times what it should be, k the number of classes", _classes),
            ("k / (k - 1) times what it should be, k the number of classes", _over_others),
            ("n k times what it should be, n rows of k classes: a sum", lambda case: _classes(case) * len(data(case))),
        ]
        for words, factor in factors:
            yield scale.divided_gradients("number of classes in the gradient", f"the gradient is {words}", factor)
        sentence = "hinges at their corners have a slope that is not between 0 and 1"
        yield undone_back("slope at corners", sentence, _corners_restored)
    else:
        sentence = "the gradient is not multiplied by the temperature"
        yield scale.divided_gradients("parameter missing in the gradient", sentence, _inverse_temperature)
        question = partial(with_params, margin=0.0)
        yield asked_back("parameter missing in the gradient", "the gradient is the one without the margin", question)
        sentence = "the gradient is the softmax: 1 is not subtracted at the label"
        yield undone_back("no gradient at the label", sentence, _without_one)
    yield scale.sum_on_the_way_back()


def _of_hinges() -> Iterator[Explanation]:
    factors: list[tuple[str, Callable[[Case], float]]] = [
        ("hinges are added up over the classes, and not divided by their number k", _classes),
        ("hinges are divided by the number of the other classes, k - 1, where k is due", _over_others),
        ("hinges are added up over rows and classes, and divided by neither", lambda c: _classes(c) * len(data(c))),
    ]
    for sentence, factor in factors:
        yield scale.divided_out("number of classes", sentence, factor)
    sentence = "the hinge of the label with itself, which is the margin, is kept in the sum"
    yield undone(
        "margin of the label kept", sentence, lambda case, out: out - wide(case.params["margin"]) / _classes(case)
    )
    for words, divisor in (("", lambda case: 1.0), (", and divided by k", _classes)):
        sentence = f"only the largest other logit has a hinge{words}"
        yield predicted("largest other class alone", sentence, partial(_largest, divisor=divisor), 32, _reach)


def _classes(case: Case) -> float:
    return float(data(case).shape[1])


def _over_others(case: Case) -> float:
    return _classes(case) / (_classes(case) - 1)


def _inverse_temperature(case: Case) -> float:
    return 1 / float(case.params["temperature"])


def _inverted(case: Case) -> Case:
    return with_params(case, temperature=1 / case.params["temperature"])


def _with_margin(case: Case, margin_of: Callable[[float, float], float]) -> Case:
    return with_params(case, margin=margin_of(case.params["margin"], case.params.get("temperature", 1.0)))


def _reach(case: Case) -> float:
    return float(np.abs(data(case)).max() + abs(case.params["margin"]))


def _at_labels(case: Case) -> Array:
    """Whether an entry is that of the label."""
    result: Array = np.arange(data(case).shape[1]) == case.arrays[1][:, None]
    return result


def _lacking(case: Case) -> Array:
    """``margin - (y_t - y_j)``, and minus infinity at the label."""
    y = wide(data(case))
    lacking = wide(case.params["margin"]) - (y[_at_labels(case)][:, None] - y)
    return np.where(_at_labels(case), -np.inf, lacking)


def _largest(case: Case, divisor: Callable[[Case], float]) -> Any:
    return np.maximum(_lacking(case).max(axis=1), 0).mean() / divisor(case)


def _gradient(case: Case) -> Array:
    """One admissible gradient: nothing at the corners of hinges."""
    n, g = len(data(case)), wide(case.cotangent)
    if case.op == "hinge":
        slopes = (_lacking(case) > 0).astype(np.longdouble) / _classes(case)
        hinges: Array = g / n * np.where(_at_labels(case), -slopes.sum(axis=1, keepdims=True), slopes)
        return hinges
    residual: Array = g / n * wide(case.params["temperature"]) * (_softmax(case) - _at_labels(case))
    return residual


def _softmax(case: Case) -> Array:
    z = wide(case.params["temperature"]) * (wide(data(case)) - wide(case.params["margin"]) * _at_labels(case))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: Array = e / e.sum(axis=1, keepdims=True)
    return result


def _label_restored(case: Case, found: list[Any]) -> list[Any] | None:
    x_bar, at = found[0], _at_labels(case)
    if x_bar[at].any():
        return None
    return [np.where(at, -np.where(at, 0, x_bar).sum(axis=1, keepdims=True), x_bar), None]


def _without_one(case: Case, found: list[Any]) -> list[Any]:
    one = wide(case.cotangent) / len(data(case)) * wide(case.params["temperature"])
    return [found[0] - one * _at_labels(case), None]


def _corners_restored(case: Case, found: list[Any]) -> list[Any]:
    """The gradient with the slope 0 at the corners of hinges, taken off at the label too."""
    corners = np.where(_lacking(case) == 0, found[0], 0)
    return [found[0] - corners + np.where(_at_labels(case), corners.sum(axis=1, keepdims=True), 0), None]
