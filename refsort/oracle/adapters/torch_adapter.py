"""PyTorch, written the obvious way: each operation in a few lines of torch, differentiated by its autograd."""

from collections.abc import Callable
from typing import Any

try:
    import torch
except ModuleNotFoundError:
    UNAVAILABLE = "PyTorch is not installed: pip install 'refsort[torch]', or pip install torch"
else:
    NAME = f"torch {torch.__version__}"

DTYPES = ["float32", "float64"]


def _group_sort(x: Any, group_size: int, axis: int) -> Any:
    x = x.movedim(axis, -1)
    return x.unflatten(-1, (-1, group_size)).sort(dim=-1).values.flatten(-2).movedim(-1, axis)


def _bjorck(w: Any, iterations: int, order: int, beta: float) -> Any:
    for _ in range(iterations):
        q = torch.eye(w.shape[1], dtype=w.dtype) - w.T @ w
        power, total = q, beta * q
        for c in [3 / 8, 5 / 16][: order - 1]:
            power = power @ q
            total = total + c * power
        w = w + w @ total
    return w


def _project_l1_ball(v: Any, radius: float) -> Any:
    sizes = v.abs().sort(dim=-1, descending=True).values
    thetas = (sizes.cumsum(dim=-1) - radius) / torch.arange(1, v.shape[-1] + 1)
    kept = (sizes > thetas).sum(dim=-1, keepdim=True).clamp(min=1)
    outside = v.sign() * (v.abs() - thetas.gather(-1, kept - 1)).relu()
    return torch.where(v.abs().sum(dim=-1, keepdim=True) <= radius, v, outside)


OPS: dict[str, Callable[..., Any]] = {
    "group_sort": _group_sort,
    "max_min": lambda x, axis: _group_sort(x, 2, axis),
    "full_sort": lambda x, axis: x.sort(dim=axis).values,
    "affine": lambda x, w, b: torch.nn.functional.linear(x, w, b),
    "bjorck": _bjorck,
    "project_l1_ball": _project_l1_ball,
}


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`; the arrays carry their dtype."""
    inputs = [torch.from_numpy(array.copy()).requires_grad_(cotangent is not None) for array in arrays]
    out = OPS[op](*inputs, **params)
    if cotangent is None:
        return out.numpy(), None
    gradients = torch.autograd.grad(out, inputs, torch.from_numpy(cotangent.copy()))
    return out.detach().numpy(), [gradient.numpy() for gradient in gradients]
