"""What is asked, an object a file: chosen edge cases and whole enumerations, each with the flags that say why."""

from collections.abc import Callable, Iterator

from refsort.oracle.vectors.questions import affine, bjorck, l1_ball, sorting
from refsort.oracle.vectors.questions.asked import Asked

QUESTIONS: dict[str, Callable[[str], Iterator[Asked]]] = {
    "group_sort": sorting.questions,
    "max_min": sorting.questions,
    "full_sort": sorting.questions,
    "affine": affine.questions,
    "bjorck": bjorck.questions,
    "project_l1_ball": l1_ball.questions,
}

__all__ = ["QUESTIONS", "Asked"]
