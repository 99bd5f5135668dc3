"""The rows of a weight on the unit l1 ball: many entries left, few entries left, nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from refsort.bench import tolerances
from refsort.bench.case import BOTH, Case, Inputs, of_one_array
from refsort.bench.floors import Floor, copy
from refsort.ops import project_l1_ball, project_l1_ball_forward
from refsort.ops.arrays import Array


def cases(shapes: Sequence[tuple[int, int]] = ((1024, 1024),)) -> list[Case]:
    """The cases: (rows, columns) of each shape, and three kinds of rows."""
    return [_case(kind, shape) for shape in shapes for kind in ROWS]


def _case(kind: str, shape: tuple[int, int]) -> Case:
    return Case(
        name=f"l1_ball_{kind}-{shape[0]}x{shape[1]}",
        family="projections",
        operation="project_l1_ball",
        inputs=lambda rng, dtype: _inputs(rng, dtype, ROWS[kind], shape),
        ours=of_one_array(project_l1_ball, project_l1_ball_forward),
        floor=_floor,
        tolerance=tolerances.project_l1_ball,
    )


def _dense(rng: np.random.Generator, n: int, d: int) -> Array:
    """Normal entries, l1 norm 2: some half of the entries stay."""
    v = rng.standard_normal((n, d))
    return np.asarray(2 * v / np.sum(np.abs(v), axis=1, keepdims=True))


def _nearly_sparse(rng: np.random.Generator, n: int, d: int) -> Array:
    """A few entries of order 1 among many of order 1 / 1000: the few stay."""
    large = rng.permuted(np.tile(np.arange(d) < max(1, d // 64), (n, 1)), axis=1)
    return np.asarray(rng.standard_normal((n, d)) * np.where(large, 1.0, 1e-3))


def _inside(rng: np.random.Generator, n: int, d: int) -> Array:
    """l1 norm 1/2: every row stays as it is."""
    return _dense(rng, n, d) / 4


ROWS: dict[str, Callable[[np.random.Generator, int, int], Array]] = {
    "dense": _dense,
    "sparse": _nearly_sparse,
    "inside": _inside,
}


def _inputs(
    rng: np.random.Generator,
    dtype: str,
    rows: Callable[[np.random.Generator, int, int], Array],
    shape: tuple[int, int],
) -> Inputs:
    return {"x": rows(rng, *shape).astype(dtype), "y_bar": rng.standard_normal(shape).astype(dtype)}


def _floor(inputs: Inputs, which: str) -> Floor:
    """v is read and y written; then y_bar is read and v_bar written."""
    return copy([inputs["x"], inputs["y_bar"]] if which == BOTH else [inputs["x"]])
