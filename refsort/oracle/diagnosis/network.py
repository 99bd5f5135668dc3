"""Mistakes in whole networks: sorts in other places, biases; and on the way back, parts detached or averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.passes import backward, forward, roundings, scattered
from refsort.oracle.diagnosis.questions import cotangent_ignored
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from."""
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("bias missing", "no bias is added in any layer", {"biases": lambda i, last: 0}),
        ("bias missing", "no bias is added in the hidden layers", {"biases": lambda i, last: int(i == last)}),
        ("bias missing", "no bias is added in the last layer", {"biases": lambda i, last: int(i < last)}),
        ("bias missing", "a bias is added in the first layer alone", {"biases": lambda i, last: int(i == 0)}),
        ("bias twice", "biases are added twice", {"biases": lambda i, last: 2}),
        ("bias subtracted", "biases are subtracted", {"biases": lambda i, last: -1}),
        ("bias after the sort", "biases are added after the sorts, not before", {"late": True}),
        (
            "sort after the last layer",
            "the result of the last layer is sorted as well",
            {"sorts": lambda i, last: True},
        ),
        ("sort before the first layer", "the inputs are sorted before the first layer", {"first": True}),
        ("nothing sorted", "no layer sorts", {"sorts": lambda i, last: False}),
        ("sort missing", "the first layer is not sorted", {"sorts": lambda i, last: 0 < i < last}),
        ("sort missing", "the last hidden layer is not sorted", {"sorts": lambda i, last: i < last - 1}),
        ("group size ignored", "it sorts groups of 2, whatever the group size", {"size": lambda k, d: 2}),
        ("group count", "it takes the group size for the number of groups", {"size": lambda k, d: d // k}),
        ("full sort", "it sorts all features of a layer at once instead of group by group", {"size": lambda k, d: d}),
        ("descending", "it sorts in descending order: here sorts are ascending", {"slot": lambda x: x[..., ::-1]}),
        ("halves", "it sorts strided groups, as halves for max-min", {"layout": "halves"}),
        ("blocks", "it sorts neighbours and puts all first slots before all second ones", {"layout": "blocks"}),
        ("other weight layout", "the memory of each W is read in the layout (d_in, d_out)", {"reread": True}),
    ]
    for name, sentence, change in changes:
        yield Explanation(name, sentence, partial(_predicts, change=change))
    yield from scale.values(witnesses)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from; at ties nothing is said."""
    count = max(len(witness.case.arrays) // 2 for witness in witnesses)
    factors: list[tuple[str, str, Callable[[Case], float]]] = [
        (
            "gradient averaged over the batch",
            "the gradients of {} are averaged over the batch: a factor 1/n",
            _averaged,
        ),
        ("no gradient", "no gradient reaches {}: it is zero everywhere", lambda case: 0.0),
        ("sign of the gradient", "the gradients of {} have the opposite sign", lambda case: -1.0),
        ("constant factor in the gradient", "the gradients of {} are twice what they should be", lambda case: 2.0),
        ("constant factor in the gradient", "the gradients of {} are half of what they should be", lambda case: 0.5),
    ]
    changes: list[tuple[str, str, dict[str, Any]]] = [
        (
            "inverse permutation",
            "the gradient goes through the permutations forwards (gather) instead of backwards (scatter): P for P^T",
            {"permute": lambda g, order: np.take_along_axis(g, order, -1)},
        ),
        (
            "sort skipped in the gradient",
            "the gradient passes the sorts as if they were the identity (detached)",
            {"permute": lambda g, order: g},
        ),
        (
            "gradient of the last layer only",
            "only the last layer gets a gradient: its input is detached",
            {"last": True},
        ),
        (
            "inputs of another layer",
            "the gradients of the weights are made with the layers' inputs before they were sorted",
            {"unsorted": True},
        ),
        ("gradient not summed over the batch", "the gradients of the biases are those of one sample", {"sample": 0}),
        ("gradient not summed over the batch", "the gradients of the biases are those of one sample", {"sample": -1}),
    ]
    for name, sentence, change in changes:
        yield Explanation(name, sentence, partial(_predicts_back, back=partial(backward, **change)))
    for words, chosen in _targets(count):
        for name, sentence, factor in factors:
            back = partial(_factored, chosen=chosen, factor=factor)
            yield Explanation(name, sentence.format(words), partial(_predicts_back, back=back))
    yield cotangent_ignored()


def _targets(count: int) -> list[tuple[str, Callable[[int, int], bool]]]:
    """Words, and whether array i of a network of so many layers is meant: 0 is x, then weights, then biases."""
    found: list[tuple[str, Callable[[int, int], bool]]] = [
        ("x", lambda i, layers: i == 0),
        ("the weights", lambda i, layers: 0 < i <= layers),
        ("the biases", lambda i, layers: i > layers),
        ("the weights and biases", lambda i, layers: i > 0),
        ("everything", lambda i, layers: True),
        ("the first layer's weight and bias", lambda i, layers: i in (1, layers + 1)),
        ("the last layer's weight and bias", lambda i, layers: i in (layers, 2 * layers)),
        ("the hidden layers", lambda i, layers: i > 0 and i not in (layers, 2 * layers)),
    ]
    for layer in range(count):
        where = f"of layer {layer + 1}"
        found.append((f"the weight {where}", partial(_is_weight, layer=layer)))
        found.append((f"the bias {where}", partial(_is_bias, layer=layer)))
    found.append(("the last layer's weight", lambda i, layers: i == layers))
    found.append(("the last layer's bias", lambda i, layers: i == 2 * layers))
    return found


def _is_weight(i: int, layers: int, layer: int) -> bool:
    return i == layer + 1 <= layers


def _is_bias(i: int, layers: int, layer: int) -> bool:
    return layer < layers and i == layers + 1 + layer


def _predicts(witness: Witness, change: dict[str, Any]) -> bool | None:
    passed = forward(witness.case, **change)
    if passed is None:
        return None
    return close(witness.out, passed.out, witness.u, roundings(witness.case), given=np.asarray(passed.sizes[-1]))


def _averaged(case: Case) -> float:
    return 1 / len(case.cotangent)


def _factored(case: Case, chosen: Callable[[int, int], bool], factor: Callable[[Case], float]) -> list[Array]:
    right, layers = backward(case), len(case.arrays) // 2
    return [wide(factor(case)) * g if chosen(i, layers) else g for i, g in enumerate(right)]


def _predicts_back(witness: Witness, back: Callable[[Case], list[Array]]) -> bool | None:
    passed = forward(witness.case)
    assert passed is not None
    if witness.gradients is None or (passed.tied and witness.gradients_right):  # perhaps at a kink
        return None
    predicted = back(witness.case)
    answers = zip(witness.gradients, predicted, _sizes_back(witness.case), strict=True)
    return all(close(f, p, witness.u, 2 * roundings(witness.case), given=np.asarray(size)) for f, p, size in answers)


def _sizes_back(case: Case) -> list[Any]:
    """The largest sum of absolute values in each gradient."""
    passed = forward(case)
    assert passed is not None
    weights = [wide(w) for w in case.arrays[1 : len(passed.inputs) + 1]]
    g, w_sizes, b_sizes = np.abs(wide(case.cotangent)), list[Any](), list[Any]()
    for i in reversed(range(len(weights))):
        if i < len(weights) - 1:
            g = scattered(g, passed.orders[i], None)
        b_sizes.insert(0, g.sum(axis=0).max())
        w_sizes.insert(0, b_sizes[0] * passed.sizes[i])
        g = g @ np.abs(weights[i])
    return [g.max(), *w_sizes, *b_sizes]
