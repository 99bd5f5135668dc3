"""MaxMin, GroupSort and FullSort, at the sizes of a wide layer, of many samples, and of long rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from refsort.bench.case import BOTH, BOTH_REUSED, FORWARD, REUSED, Case, Inputs, of_one_array
from refsort.bench.floors import Floor, copy
from refsort.ops import full_sort, full_sort_forward, group_sort, group_sort_forward, max_min, max_min_forward
from refsort.ops.arrays import Array

SHAPES = ((256, 1024), (4096, 1024), (8, 65536))
GROUP_SIZES = (4, 16, 64)


def cases(shapes: Sequence[tuple[int, int]] = SHAPES, group_sizes: Sequence[int] = GROUP_SIZES) -> list[Case]:
    """The cases: (samples, features) of each shape."""
    found = [_case("max_min", shape, 2) for shape in shapes]
    found += [_case(f"group_sort_{k}", shape, k) for k in group_sizes for shape in shapes]
    return found + [_case("full_sort", shape, shape[1]) for shape in shapes]


def _case(name: str, shape: tuple[int, int], group_size: int) -> Case:
    maps: dict[str, tuple[Callable[..., Array], Callable[..., tuple[Array, Any]]]] = {
        "max_min": (max_min, max_min_forward),
        "full_sort": (full_sort, full_sort_forward),
        f"group_sort_{group_size}": (
            lambda x, **out: group_sort(x, group_size, **out),
            lambda x, **out: group_sort_forward(x, group_size, **out),
        ),
    }
    return Case(
        name=f"{name}-{shape[0]}x{shape[1]}",
        family="activations",
        operation="group_sort" if name.startswith("group_sort") else name,
        inputs=lambda rng, dtype: _inputs(rng, dtype, shape),
        ours=of_one_array(*maps[name]),
        floor=_floor,
        params={"group_size": group_size},
        passes=(FORWARD, REUSED, BOTH, BOTH_REUSED),
    )


def _inputs(rng: np.random.Generator, dtype: str, shape: tuple[int, int]) -> Inputs:
    """Rows of distinct whole numbers in random order, and whole cotangents.

    Distinct, for at ties every permutation that sorts has a right gradient and implementations differ; whole, for
    formulations that add and subtract to be exact as well.
    """
    n, d = shape
    x = rng.permuted(np.tile(np.arange(d) - d // 2, (n, 1)), axis=1).astype(dtype)
    return {"x": x, "y_bar": rng.integers(-8, 9, shape).astype(dtype)}


def _floor(inputs: Inputs, which: str) -> Floor:
    """x is read and y written; then y_bar is read and x_bar written."""
    return copy([inputs["x"], inputs["y_bar"]] if which in (BOTH, BOTH_REUSED) else [inputs["x"]])
