"""Dual numbers over the rationals: the derivative of a definition, from the definition's own lines.

A dual number a + a' e, with e e = 0, carries a value and its derivative along one direction. Run on dual numbers, the
definition of a map f at x + x_dot e returns f(x) + (J x_dot) e, exactly. That is the sum, product and quotient rule
and nothing else: no hand-written derivative enters, so this is an independent route to check one by.

A comparison is decided by the values. Where the values are equal the definition may branch either way: x lies on a
kink and `KinkError` is raised, also when the two tangents agree. One direction cannot tell a kink from a smooth point
(relu has the one-sided derivative 0 along x_dot = 0 at its kink), and a reference that answered there would hide it.
What is admissible at kinks is the subject of `refsort.spec.admissible`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from refsort.spec.exact import dot, frac


class KinkError(ValueError):
    """Two dual numbers of equal value were compared: the derivative need not exist there."""


@dataclass(frozen=True, slots=True)
class Dual:
    """``value + tangent e`` with ``e e = 0``.

    Arithmetic (+, -, *, /) mixes with whatever `frac` takes. ``<, <=, >, >=`` compare values and raise `KinkError`
    where these are equal. ``==`` is equality of both parts; a definition must not branch on it.

    Examples
    --------
    The derivative of x^3 / (1 + x) at 2 is (2 x^3 + 3 x^2) / (1 + x)^2 = 28/9:

    >>> x = Dual(2, 1)
    >>> x * x * x / (1 + x)
    Dual(value=Fraction(8, 3), tangent=Fraction(28, 9))
    """

    value: Fraction
    tangent: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", frac(self.value))
        object.__setattr__(self, "tangent", frac(self.tangent))

    def __add__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value + other.value, self.tangent + other.tangent)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __sub__(self, other: Any) -> Dual:
        return self + -_dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return _dual(other) - self

    def __mul__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value * other.value, self.tangent * other.value + self.value * other.tangent)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        other = _dual(other)
        quotient = self.value / other.value
        return Dual(quotient, (self.tangent - quotient * other.tangent) / other.value)  # from a = (a / b) b

    def __rtruediv__(self, other: Any) -> Dual:
        return _dual(other) / self

    def __lt__(self, other: Any) -> bool:
        other = _dual(other)
        if self.value == other.value:
            raise KinkError(f"comparison of equal values {self.value}: at a kink the derivative need not exist")
        return bool(self.value < other.value)

    def __gt__(self, other: Any) -> bool:
        return not self < other  # equality has been refused

    __le__ = __lt__
    __ge__ = __gt__


def _dual(x: Any) -> Dual:
    """A number as the constant that it is."""
    return x if isinstance(x, Dual) else Dual(frac(x), Fraction(0))


def scalar(x: Any) -> Any:
    """`x` itself if it is a Dual, else ``frac(x)``: the gate of every definition that can be differentiated.

    The signatures there say Fraction; where a Dual goes in, a Dual comes out.
    """
    return x if isinstance(x, Dual) else frac(x)


def value_of(x: Any) -> Fraction:
    """The value of a Dual or of a Fraction, for branches that leave the result and its derivative unchanged."""
    return x.value if isinstance(x, Dual) else frac(x)


def derivative(f: Callable[[Any], Any], x: Any, x_dot: Any) -> Any:
    """The directional derivative ``J x_dot`` of `f` at `x`.

    Parameters
    ----------
    f : callable
        A function of one argument made of the definitions of `refsort.spec`, or of +, -, *, / and comparisons.
    x, x_dot : number, or nested sequences of numbers of one shape
        Point and direction. Several arguments: pass a list of them and unpack it in `f`.

    Returns
    -------
    Fraction or nested list of Fractions
        In the shape of ``f(x)``.

    Raises
    ------
    KinkError
        Where a comparison in `f` meets equal values.
    ValueError
        For shapes of `x` and `x_dot` that differ.

    Examples
    --------
    >>> derivative(lambda v: [v[0] * v[1], v[0] + 3], [2, 5], [1, 10])
    [Fraction(25, 1), Fraction(1, 1)]
    >>> derivative(sorted, [2, 2], [1, 0])
    Traceback (most recent call last):
    ...
    refsort.spec.dual.KinkError: comparison of equal values 2: at a kink the derivative need not exist
    """
    return _tangent(f(_along(x, x_dot)))


def pullback(f: Callable[[Any], Any], x: Any, y_bar: Any) -> Any:
    """``J^T y_bar`` of `f` at `x`, in the shape of `x`: entry i is ``<y_bar, J e_i>``, one derivative an entry.

    Examples
    --------
    >>> pullback(lambda v: [v[0] * v[1], v[0] + 3], [2, 5], [1, 10])
    [Fraction(15, 1), Fraction(2, 1)]
    """
    y_bar = [frac(g) for g in _flat(y_bar)]
    columns = (_flat(derivative(f, x, direction)) for direction in _unit_directions(x))
    return _shaped_like(x, iter([_inner(y_bar, column) for column in columns]))


def _along(x: Any, x_dot: Any) -> Any:
    nested = isinstance(x, Iterable)
    if nested != isinstance(x_dot, Iterable) or (nested and len(x) != len(x_dot)):
        raise ValueError(f"derivative: x and x_dot must have one shape, got {x!r} and {x_dot!r}")
    return [_along(a, b) for a, b in zip(x, x_dot, strict=True)] if nested else Dual(x, x_dot)


def _tangent(y: Any) -> Any:
    if isinstance(y, Iterable):
        return [_tangent(entry) for entry in y]
    return _dual(y).tangent  # a result that does not depend on x has derivative 0


def _flat(x: Any) -> list[Any]:
    return [entry for part in x for entry in _flat(part)] if isinstance(x, Iterable) else [x]


def _shaped_like(x: Any, entries: Iterator[Any]) -> Any:
    return [_shaped_like(part, entries) for part in x] if isinstance(x, Iterable) else next(entries)


def _unit_directions(x: Any) -> Iterator[Any]:
    n = len(_flat(x))
    return (_shaped_like(x, iter([int(i == j) for j in range(n)])) for i in range(n))


def _inner(y_bar: list[Fraction], column: list[Fraction]) -> Fraction:
    if len(y_bar) != len(column):
        raise ValueError(f"pullback: y_bar must have the {len(column)} entries of f(x), got {len(y_bar)}")
    return dot(y_bar, column)
