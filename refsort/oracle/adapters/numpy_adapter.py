"""refsort's own operations, as the thing under test."""

from collections.abc import Callable
from typing import Any

import numpy as np

import refsort
from refsort import ops

NAME = f"refsort {refsort.__version__} (numpy {np.__version__})"
DTYPES = ["float16", "float32", "float64"]


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`: the value function without a cotangent, else forward and backward."""
    value, forward = OPS[op]
    if params.get("order", 1) > 1:
        params = {name: p for name, p in params.items() if name != "beta"}  # that of order 1
    if cotangent is None:
        return value(*arrays, **params), None
    out, at = forward(*arrays, **params)
    gradients = at.backward(cotangent)
    return out, [gradients] if len(arrays) == 1 else list(gradients)


OPS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "group_sort": (ops.group_sort, ops.group_sort_forward),
    "max_min": (ops.max_min, ops.max_min_forward),
    "full_sort": (ops.full_sort, ops.full_sort_forward),
    "affine": (ops.affine, ops.affine_forward),
    "bjorck": (ops.bjorck, ops.bjorck_forward),
    "project_l1_ball": (ops.project_l1_ball, ops.project_l1_ball_forward),
}
