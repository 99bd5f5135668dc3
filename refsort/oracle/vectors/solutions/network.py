"""Whole networks: values everywhere, gradients where no group has a tie."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from refsort.oracle.operations.network import Layer, arrays_of, backward, forward, order_of, scatter, truth
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.exactness import affine_is_exact, on_one_lattice
from refsort.oracle.vectors.question import EXACT, UNSTATED, Array, Question, Solution, absolute, overflows, pair
from refsort.oracle.vectors.vector import Tensor
from refsort.rounding import NoBoundError


class Passed(NamedTuple):
    """Both passes: the layers, the gradients of x, weights and biases (none at a tie), and z_bar of each layer."""

    layers: list[Layer]
    gradients: list[Array] | None


def _solve(question: Question) -> Passed:
    exactly, case = Precision(Fraction(0), Fraction(0)), question.case("float64")
    layers = forward(case, exactly)
    orders = [order_of(layer, question.params["group_size"]) for layer in layers[:-1]]
    if any(order is None for order in orders):
        return Passed(layers, None)
    return Passed(layers, [gradient for gradient, _ in backward(case, layers, orders, exactly)])


def _answer(question: Question, passed: Passed) -> tuple[Tensor, list[Any]]:
    out = Tensor.of(truth(question.case("float64")))
    if passed.gradients is None:
        return out, [UNSTATED] * len(question.arrays)
    return out, [Tensor.of(gradient).json() for gradient in passed.gradients]


def _tolerance(question: Question, passed: Passed, dtype: str) -> Any:
    """None where there is no bound, and where rounding may change the order inside a group."""
    case, precision = question.case(dtype), Precision.of(dtype)
    if _exact(question, passed, dtype):
        return EXACT
    try:
        layers = forward(case, precision)
        orders = [order_of(layer, question.params["group_size"]) for layer in layers[:-1]]
        untied = all(order is not None for order in orders)
        gradients = backward(case, layers, orders, precision) if untied else []
    except NoBoundError:
        return None
    if untied == (passed.gradients is None):
        return None
    numbers: list[Any] = [x for layer in layers for x in (abs(layer.z) + layer.z_error).flat]
    numbers += [x for gradient, bound in gradients for x in (abs(gradient) + bound).flat]
    if overflows(numbers, dtype):
        return None
    out = absolute(layers[-1].z_error.flat)
    stated = [absolute(bound.flat) for _, bound in gradients]
    return pair(out, stated or [EXACT] * len(question.arrays))


def _exact(question: Question, passed: Passed, dtype: str) -> bool:
    """Whether no layer rounds, forward or backward: b_bar of a layer sums its z_bar, which is what is needed."""
    _, weights, biases = arrays_of(question.case(dtype))
    count = len(weights)
    if not all(on_one_lattice(layer.z, dtype) for layer in passed.layers):
        return False
    z_bars = [0 * layer.z for layer in passed.layers] if passed.gradients is None else _cotangents(question, passed)
    if not all(on_one_lattice(z_bar, dtype) for z_bar in z_bars):
        return False
    layers = zip(passed.layers, weights, biases, z_bars, strict=True)
    return count > 0 and all(affine_is_exact(layer.h, w, b, z_bar, dtype) for layer, w, b, z_bar in layers)


def _cotangents(question: Question, passed: Passed) -> list[Array]:
    """z_bar of each layer, from the last to the first: the cotangent goes where each sorted entry came from."""
    _, weights, _ = arrays_of(question.case("float64"))
    z_bars = [question.cotangent]
    for layer, w in zip(passed.layers[-2::-1], weights[:0:-1], strict=True):
        order = order_of(layer, question.params["group_size"])
        assert order is not None
        z_bars.append(scatter(z_bars[-1] @ w, order))
    return z_bars[::-1]


NETWORK = Solution(_solve, _answer, _tolerance)
