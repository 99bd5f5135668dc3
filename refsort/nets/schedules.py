"""Learning rates as functions of the step t = 1, 2, ..."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Protocol


class Schedule(Protocol):
    """A learning rate for every step."""

    def __call__(self, t: int) -> float:
        """The learning rate of step t, counted from 1."""


@dataclass(frozen=True)
class Constant:
    """The same rate throughout."""

    rate: float

    def __call__(self, t: int) -> float:
        """The rate."""
        return self.rate


@dataclass(frozen=True)
class Step:
    """`rate`, multiplied by `factor` after each of the `milestones`.

    Examples
    --------
    >>> schedule = Step(1.0, 0.5, (10, 20))
    >>> schedule(10), schedule(11), schedule(21)
    (1.0, 0.5, 0.25)
    """

    rate: float
    factor: float
    milestones: tuple[int, ...]

    def __call__(self, t: int) -> float:
        """The rate after the milestones that lie before t."""
        return self.rate * self.factor ** sum(t > milestone for milestone in self.milestones)


@dataclass(frozen=True)
class Cosine:
    """From `rate` to `final` along half a cosine over `steps` steps, then `final`.

    Examples
    --------
    >>> schedule = Cosine(1.0, 101)
    >>> schedule(1), round(schedule(51), 12), schedule(101), schedule(1000)
    (1.0, 0.5, 0.0, 0.0)
    """

    rate: float
    steps: int
    final: float = 0.0

    def __call__(self, t: int) -> float:
        """The rate: `rate` at the first step, `final` at the last."""
        progress = min(1.0, (t - 1) / max(1, self.steps - 1))
        return self.final + (self.rate - self.final) * (1 + cos(pi * progress)) / 2


@dataclass(frozen=True)
class Exponential:
    """From `rate` to `final` by a constant factor a step over `steps` steps, then `final`.

    Examples
    --------
    >>> schedule = Exponential(1.0, 3, 0.25)
    >>> schedule(1), schedule(2), schedule(3), schedule(9)
    (1.0, 0.5, 0.25, 0.25)
    """

    rate: float
    steps: int
    final: float

    def __call__(self, t: int) -> float:
        """The rate: `rate` at the first step, `final` at the last."""
        progress = min(1.0, (t - 1) / max(1, self.steps - 1))
        return float(self.rate * (self.final / self.rate) ** progress)
