"""Losses of 1-Lipschitz networks: hinges, Kantorovich-Rubinstein and its hinge-regularised form.

All are means over the batch. They are piecewise linear: dual numbers may be passed for everything but labels and
signs, and are refused where a hinge term is exactly at its corner.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from refsort.spec.dual import scalar
from refsort.spec.exact import Vector, integer, matrix, vector

_ZERO = Fraction(0)


def multiclass_hinge(logits: Iterable[Iterable[Any]], labels: Iterable[int], margin: Any = 1) -> Fraction:
    """The mean over the batch of ``(1/k) sum_{j != t} max(0, margin - (y_t - y_j))``, t the label of the sample y.

    The multi-margin hinge that the authors of the paper train with: the sum runs over the k - 1 other classes and is
    divided by the number k of classes. (The hinge on the largest other logit alone is a different loss.)

    Parameters
    ----------
    logits : n rows of k numbers
    labels : n integers in 0..k-1
    margin : number
        In the unit of the logits.

    Raises
    ------
    TypeError
        For labels that are no integers.
    ValueError
        For an empty batch, labels out of range or another number of labels than of rows.

    Examples
    --------
    >>> multiclass_hinge([[2, 1.5, 0]], [0])
    Fraction(1, 6)
    """
    rows, margin = matrix(logits, scalar), scalar(margin)
    labels = [integer("multiclass_hinge", "label", label, 0) for label in labels]
    if len(labels) != len(rows):
        raise ValueError(f"multiclass_hinge: {len(rows)} rows of logits need as many labels, got {len(labels)}")
    if any(t >= len(row) for row, t in zip(rows, labels, strict=True)):
        raise ValueError(f"multiclass_hinge: label {max(labels)} is out of range for {len(rows[0])} classes")
    return _mean("multiclass_hinge", [_multi_margin(row, t, margin) for row, t in zip(rows, labels, strict=True)])


def binary_hinge(values: Iterable[Any], signs: Iterable[Any], margin: Any = 1) -> Fraction:
    """The mean of ``max(0, margin - sign_i value_i)``, signs -1 or +1.

    Raises
    ------
    ValueError
        For an empty batch, signs that are neither -1 nor +1, or another number of signs than of values.

    Examples
    --------
    >>> binary_hinge([0.5, -3], [1, -1])
    Fraction(1, 4)
    """
    values, signs, margin = vector(values, scalar), vector(signs), scalar(margin)
    if len(signs) != len(values):
        raise ValueError(f"binary_hinge: {len(values)} values need as many signs, got {len(signs)}")
    for sign in signs:
        if abs(sign) != 1:
            raise ValueError(f"binary_hinge: a sign must be -1 or +1, got {sign}")
    return _mean("binary_hinge", [_positive(margin - sign * x) for x, sign in zip(values, signs, strict=True)])


def kr(p_values: Iterable[Any], q_values: Iterable[Any]) -> Fraction:
    """The mean of a critic over a sample of P minus its mean over a sample of Q.

    The supremum over 1-Lipschitz critics is the Wasserstein-1 distance of the two samples, so this is maximised.

    Raises
    ------
    ValueError
        For an empty sample.

    Examples
    --------
    >>> kr([1, 2], [0, 0, 1])
    Fraction(7, 6)
    """
    return _mean("kr", vector(p_values, scalar)) - _mean("kr", vector(q_values, scalar))


def hkr(p_values: Iterable[Any], q_values: Iterable[Any], margin: Any = 1, alpha: Any = 10) -> Fraction:
    """``-kr + alpha * hinge``, to be minimised.

    The hinge is `binary_hinge` over the union of the two samples, sign +1 on P and -1 on Q: the mean over all
    n_P + n_Q values.

    Examples
    --------
    >>> hkr([1, 2], [0, 0, 1], margin=1, alpha=5)  # hinge terms 0, 0 on P and 1, 1, 2 on Q
    Fraction(17, 6)
    """
    p_values, q_values = vector(p_values, scalar), vector(q_values, scalar)
    signs = [1] * len(p_values) + [-1] * len(q_values)
    weight: Fraction = scalar(alpha)
    return weight * binary_hinge(p_values + q_values, signs, margin) - kr(p_values, q_values)


def _multi_margin(y: Vector, t: int, margin: Fraction) -> Fraction:
    return sum((_positive(margin - (y[t] - y[j])) for j in range(len(y)) if j != t), _ZERO) / len(y)


def _positive(x: Fraction) -> Fraction:
    return max(x, _ZERO)


def _mean(op: str, terms: Vector) -> Fraction:
    if not terms:
        raise ValueError(f"{op}: the mean over an empty batch does not exist; pass at least one sample")
    return sum(terms, _ZERO) / len(terms)
