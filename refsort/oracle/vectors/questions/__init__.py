"""What is asked, an object a file: chosen edge cases and whole enumerations, each with the flags that say why."""

from collections.abc import Callable, Iterator

from refsort.oracle.vectors.questions import (
    affine,
    balls,
    bjorck,
    classifiers,
    critics,
    l1_ball,
    network,
    operator_norm,
    sorting,
    spectral,
)
from refsort.oracle.vectors.questions.asked import Asked

QUESTIONS: dict[str, Callable[[str], Iterator[Asked]]] = {
    "group_sort": sorting.questions,
    "max_min": sorting.questions,
    "full_sort": sorting.questions,
    "affine": affine.questions,
    "bjorck": bjorck.questions,
    "spectral_norm": spectral.norms,
    "spectral_normalize": spectral.normalised,
    "project_l1_ball": l1_ball.questions,
    "project_l2_ball": balls.questions,
    "project_linf_ball": balls.questions,
    "operator_norm": operator_norm.questions,
    "hinge": classifiers.hinge,
    "cross_entropy": classifiers.cross_entropy,
    "kr": critics.kr,
    "hkr": critics.hkr,
    "certified_radius": classifiers.certified_radius,
    "network": network.questions,
}

__all__ = ["QUESTIONS", "Asked"]
