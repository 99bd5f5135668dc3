"""refsort's own operations, as the thing under test."""

from collections.abc import Callable
from typing import Any

import numpy as np

import refsort
from refsort.ops.affine import affine_forward
from refsort.ops.bjorck import bjorck_forward
from refsort.ops.group_sort import full_sort_forward, group_sort_forward, max_min_forward
from refsort.ops.l1_ball import project_l1_ball_forward

NAME = f"refsort {refsort.__version__} (numpy {np.__version__})"
DTYPES = ["float16", "float32", "float64"]


def _bjorck(w: Any, iterations: int, order: int, beta: float) -> Any:
    return bjorck_forward(w, iterations, order, beta=beta if order == 1 else None)


OPS: dict[str, Callable[..., Any]] = {
    "group_sort": group_sort_forward,
    "max_min": max_min_forward,
    "full_sort": full_sort_forward,
    "affine": affine_forward,
    "bjorck": _bjorck,
    "project_l1_ball": project_l1_ball_forward,
}


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`; `backward` gives one array, or one for each input."""
    out, at = OPS[op](*arrays, **params)
    if cotangent is None:
        return out, None
    gradients = at.backward(cotangent)
    return out, [gradients] if len(arrays) == 1 else list(gradients)
