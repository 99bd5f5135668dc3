"""The smallest networks: lists of rows of Fractions with one activation between them, for proofs that need no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from refsort import spec

Vector = list[Fraction]
Layer = tuple[list[Vector], Vector]  # weights and biases
Activation = Callable[[Vector], Vector]


def layer(rows: Sequence[Sequence[Any]], biases: Sequence[Any] | None = None) -> Layer:
    """A layer from whole numbers and Fractions; without biases they are zero.

    Examples
    --------
    >>> layer([[1, -1]])
    ([[Fraction(1, 1), Fraction(-1, 1)]], [Fraction(0, 1)])
    """
    return spec.matrix(rows), spec.vector(biases if biases is not None else [0] * len(rows))


def value(layers: Sequence[Layer], activation: Activation, x: Vector) -> Vector:
    """The result at x: the activation after every layer but the last.

    Examples
    --------
    >>> value([layer([[1], [-1]]), layer([[1, 1]])], spec.relu, [Fraction(-3)])
    [Fraction(3, 1)]
    """
    for w, b in layers[:-1]:
        x = activation(spec.affine(x, w, b))
    return spec.affine(x, *layers[-1])


def norm_product(layers: Sequence[Layer], p: Any) -> Fraction:
    """The product of the operator norms from the p- to the p-norm, for p = 1 and inf, where they are rational."""
    result = Fraction(1)
    for w, _ in layers:
        result *= spec.operator_norm(w, p, p).hi
    return result


def text(layers: Sequence[Layer]) -> str:
    """Rows apart by semicolons, as in ``W = [1; -1] b = [0 1/2], W = [1 1]``; biases of zero are left out."""
    written = []
    for w, b in layers:
        rows = "; ".join(" ".join(map(str, row)) for row in w)
        written.append(f"W = [{rows}]" + f" b = [{' '.join(map(str, b))}]" * any(b))
    return ", ".join(written)
