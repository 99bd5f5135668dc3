"""PyTorch, written the obvious way: each operation in a few lines of torch, differentiated by its autograd."""

import math
import os
from collections.abc import Callable
from typing import Any

try:
    import torch
except ModuleNotFoundError:
    UNAVAILABLE = "PyTorch is not installed: pip install 'refsort[torch]', or pip install torch"
else:
    NAME = f"torch {torch.__version__}"
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # thousands of small calls: waking other threads costs more than they save

DTYPES = ["float16", "bfloat16", "float32", "float64"]


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


def _widened(x: Any) -> Any:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # what has no kernel in 16 bits


def _spectral_norm(w: Any) -> Any:
    return torch.linalg.svdvals(_widened(w))[0].to(w.dtype)


def _operator_norm(w: Any, p: float, q: float) -> Any:
    if p == q == 2:
        return _spectral_norm(w)
    if p == 1:
        return torch.linalg.vector_norm(w, ord=q, dim=0).max()
    return torch.linalg.vector_norm(w, ord={1: math.inf, 2: 2, math.inf: 1}[p], dim=1).max()


def _project_l2_ball(v: Any, radius: float) -> Any:
    norms = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    # torch.where would make NaN of the gradient of a zero row; a tensor over a tensor, for r / r to be 1
    return v * (torch.full_like(norms, radius) / norms.clamp(min=radius))


def _hinge(logits: Any, labels: Any, margin: float) -> Any:
    return torch.nn.functional.multi_margin_loss(_widened(logits), labels, margin=margin).to(logits.dtype)


def _cross_entropy(logits: Any, labels: Any, margin: float, temperature: float) -> Any:
    offset = margin * torch.nn.functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return torch.nn.functional.cross_entropy(temperature * (logits - offset), labels)


def _hkr(p: Any, q: Any, margin: float, alpha: float) -> Any:
    hinge = torch.relu(margin - torch.cat([p, -q])).mean()
    return q.mean() - p.mean() + alpha * hinge


def _certified_radius(logits: Any, labels: Any, lipschitz: float, p: float) -> Any:
    true = torch.nn.functional.one_hot(labels, logits.shape[1]).bool()
    margins = logits[true] - logits.masked_fill(true, -math.inf).amax(dim=1)
    return margins.relu() / (2 ** (1 - 1 / p) * lipschitz)


def _layers(x: Any, *parameters: Any, group_size: int) -> list[Any]:
    """The outputs of all layers; the last has no activation."""
    count, outputs = len(parameters) // 2, []
    for i, (w, b) in enumerate(zip(parameters[:count], parameters[count:], strict=True)):
        x = torch.nn.functional.linear(x, w, b)
        x = _group_sort(x, group_size, -1) if i < count - 1 else x
        outputs.append(x)
    return outputs


OPS: dict[str, Callable[..., Any]] = {
    "group_sort": _group_sort,
    "max_min": lambda x, axis: _group_sort(x, 2, axis),
    "full_sort": lambda x, axis: x.sort(dim=axis).values,
    "affine": lambda x, w, b: torch.nn.functional.linear(x, w, b),
    "bjorck": _bjorck,
    "spectral_norm": _spectral_norm,
    "spectral_normalize": lambda w: w / _spectral_norm(w),
    "project_l1_ball": _project_l1_ball,
    "project_l2_ball": _project_l2_ball,
    "project_linf_ball": lambda v, radius: v.clamp(-radius, radius),
    "operator_norm": _operator_norm,
    "hinge": _hinge,
    "cross_entropy": _cross_entropy,
    "kr": lambda p, q: p.mean() - q.mean(),
    "hkr": _hkr,
    "certified_radius": _certified_radius,
    "network": lambda *arrays, group_size: _layers(*arrays, group_size=group_size)[-1],
}


def _tensor(array: Any, dtype: str) -> Any:
    found = torch.from_numpy(array.copy())
    return found.to(getattr(torch, dtype)) if found.is_floating_point() else found


def _array(x: Any) -> Any:
    return (x.float() if x.dtype == torch.bfloat16 else x).detach().numpy()  # bfloat16 travels as float32


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`."""
    inputs = [_tensor(array, dtype) for array in arrays]
    floats = [x.requires_grad_(cotangent is not None) for x in inputs if x.is_floating_point()]
    out = OPS[op](*inputs, **params)
    if cotangent is None:
        return _array(out), None
    found = iter(torch.autograd.grad(out, floats, _tensor(cotangent, dtype)))
    return _array(out), [_array(next(found)) if x.is_floating_point() else None for x in inputs]


def taps(arrays: list[Any], params: dict[str, Any], dtype: str) -> list[Any]:
    """The outputs of the hidden layers of `network`."""
    return [_array(h) for h in _layers(*(_tensor(array, dtype) for array in arrays), **params)[:-1]]
