"""PyTorch on the CPU: several formulations of each operation, eager, differentiated by its own tape.

The fastest one of each row is what refsort is compared with. Left out: `torch.compile`, whose kernels take a compiler
and many seconds of warm-up, and `torch.autograd.Function`s, whose derivatives would be as hand-written as refsort's.
Forward passes run without a tape. For forward+backward the same inputs require gradients as refsort differentiates.
Where refsort reuses its outputs in forward+backward, PyTorch's formulations are those without reuse: autograd refuses
``out=``, and allocates gradients itself.

The formulations are in `torch_operations` and `torch_networks`. No other file of the room imports torch, and nothing
imports these before a measurement begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from refsort.bench.torch_networks import JACOBIANS, STEPS, arrays
from refsort.bench.torch_operations import BJORCK_STEPS, REUSING, UNARY, Formulation

try:
    import torch
except ModuleNotFoundError:
    AVAILABLE = False
else:
    AVAILABLE = True


def version() -> str:
    """That of PyTorch."""
    return str(torch.__version__)


def set_threads(number: int) -> int:
    """Have PyTorch use so many threads inside an operation; returns how many it will use."""
    torch.set_num_threads(number)
    return int(torch.get_num_threads())


def sides(
    operation: str, inputs: Mapping[str, Any], params: Mapping[str, Any], which: str
) -> dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]]:
    """For each formulation what is timed and what is compared, as in `refsort.bench.case.Side`."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in inputs.items()}  # its own copies
    if operation in STEPS:
        return {
            f"{how}, {update} Adam": STEPS[operation](tensors, params, BJORCK_STEPS[how], update)
            for how in BJORCK_STEPS
            for update in ("fused", "foreach")
        }
    if operation == "jacobian":
        return {name: _plain(_bound(f, tensors, params)) for name, f in JACOBIANS.items()}
    if which == "forward, output reused":
        return {
            name: _reusing(f, tensors["x"], params)
            for name, f in REUSING.get(operation, {}).items()
            if _admits(name, params)
        }
    formulations = {name: f for name, f in UNARY.get(operation, {}).items() if _admits(name, params)}
    wrap = _forward if which == "forward" else _both
    return {name: wrap(f, tensors["x"], tensors["y_bar"], params) for name, f in formulations.items()}


def _admits(name: str, params: Mapping[str, Any]) -> bool:
    """A sorting network is written out for small groups only: it has 63 comparators for 16 and 543 for 64."""
    return not name.startswith("network") or params["group_size"] <= 16


def _forward(f: Formulation, x: Any, y_bar: Any, params: Mapping[str, Any]) -> Any:
    def call() -> Any:
        with torch.no_grad():
            return f(x, **params)

    return call, lambda: arrays([call()])


def _reusing(f: Formulation, x: Any, params: Mapping[str, Any]) -> Any:
    reused = f(x, None, **params)

    def call() -> Any:
        with torch.no_grad():
            return f(x, reused, **params)

    def outputs() -> list[Any]:
        result = call()
        return arrays([result[0] if isinstance(result, tuple) else result])  # sorts write indices as well

    return call, outputs


def _both(f: Formulation, x: Any, y_bar: Any, params: Mapping[str, Any]) -> Any:
    x = x.clone().requires_grad_()

    def call() -> Any:
        y = f(x, **params)
        return y, torch.autograd.grad(y, x, y_bar)[0]

    return call, lambda: arrays(call())


def _bound(f: Formulation, tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Callable[[], Any]:
    return lambda: f(tensors, params)


def _plain(call: Callable[[], Any]) -> Any:
    return call, lambda: arrays([call()])
