"""JAX, written the obvious way: each operation in a few lines of jax.numpy, differentiated by its autodiff."""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import jax
    from jax import numpy as jnp
except ModuleNotFoundError:
    UNAVAILABLE = "JAX is not installed: pip install 'refsort[jax]', or pip install jax"
else:
    NAME = f"jax {jax.__version__} ({jax.default_backend()})"
    jax.config.update("jax_enable_x64", True)  # without it float64 is computed in float32
    if "JAX_DISABLE_MOST_OPTIMIZATIONS" not in os.environ:
        # XLA compiles each operation for every shape: thousands of programs that run for microseconds. Optimizing them
        # is most of the time that a check takes; with JAX_DISABLE_MOST_OPTIMIZATIONS=0 optimized ones are judged.
        jax.config.update("jax_disable_most_optimizations", True)

DTYPES = ["float32", "float64"]
FLUSHES_SUBNORMALS = True  # XLA treats subnormal numbers as zero on the CPU


def _group_sort(x: Any, group_size: int, axis: int) -> Any:
    x = jnp.moveaxis(x, axis, -1)
    return jnp.moveaxis(jnp.sort(x.reshape(*x.shape[:-1], -1, group_size), axis=-1).reshape(x.shape), -1, axis)


def _bjorck(w: Any, iterations: int, order: int, beta: float) -> Any:
    for _ in range(iterations):
        q = jnp.eye(w.shape[1], dtype=w.dtype) - w.T @ w
        power, total = q, beta * q
        for c in [3 / 8, 5 / 16][: order - 1]:
            power = power @ q
            total = total + c * power
        w = w + w @ total
    return w


def _project_l1_ball(v: Any, radius: float) -> Any:
    sizes = -jnp.sort(-jnp.abs(v), axis=-1)
    thetas = (jnp.cumsum(sizes, axis=-1) - radius) / jnp.arange(1, v.shape[-1] + 1, dtype=v.dtype)
    kept = jnp.maximum((sizes > thetas).sum(axis=-1, keepdims=True), 1)
    outside = jnp.sign(v) * jax.nn.relu(jnp.abs(v) - jnp.take_along_axis(thetas, kept - 1, axis=-1))
    return jnp.where(jnp.abs(v).sum(axis=-1, keepdims=True) <= radius, v, outside)


def _spectral_norm(w: Any) -> Any:
    return jnp.linalg.svd(w, compute_uv=False)[0]


def _operator_norm(w: Any, p: float, q: float) -> Any:
    if p == q == 2:
        return _spectral_norm(w)
    if p == 1:
        return _norms(w, q, 0).max()
    return _norms(w, {1: math.inf, 2: 2, math.inf: 1}[p], 1).max()


def _norms(w: Any, p: float, axis: int) -> Any:
    if p != 2:
        return jnp.linalg.norm(w, ord=p, axis=axis)
    zero = (w == 0).all(axis=axis, keepdims=True)  # where jnp.linalg.norm has the gradient NaN: jax-ml/jax#3058
    return jnp.where(zero.squeeze(axis), 0, jnp.linalg.norm(jnp.where(zero, 1, w), axis=axis))


def _project_l2_ball(v: Any, radius: float) -> Any:
    squares = (v * v).sum(axis=-1, keepdims=True)
    inside = squares <= radius * radius
    return v * jnp.where(inside, 1, radius / jnp.sqrt(jnp.where(inside, 1, squares)))


def _margins(logits: Any, labels: Any) -> Any:
    """True logit less each logit; zero at the true one."""
    return jnp.take_along_axis(logits, labels[:, None], axis=1) - logits


def _hinge(logits: Any, labels: Any, margin: float) -> Any:
    others = 1 - jax.nn.one_hot(labels, logits.shape[1], dtype=logits.dtype)
    return (others * jax.nn.relu(margin - _margins(logits, labels))).sum() / logits.size


def _cross_entropy(logits: Any, labels: Any, margin: float, temperature: float) -> Any:
    scores = temperature * (logits - margin * jax.nn.one_hot(labels, logits.shape[1], dtype=logits.dtype))
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], axis=1).mean()


def _hkr(p: Any, q: Any, margin: float, alpha: float) -> Any:
    hinge = jax.nn.relu(margin - jnp.concatenate([p, -q])).mean()
    return q.mean() - p.mean() + alpha * hinge


def _certified_radius(logits: Any, labels: Any, lipschitz: float, p: float) -> Any:
    true = jax.nn.one_hot(labels, logits.shape[1], dtype=bool)
    margins = jnp.where(true, math.inf, _margins(logits, labels)).min(axis=1)
    return jax.nn.relu(margins) / (2 ** (1 - 1 / p) * lipschitz)


def _layers(x: Any, *parameters: Any, group_size: int) -> list[Any]:
    """The outputs of all layers; the last has no activation."""
    count, outputs = len(parameters) // 2, []
    for i, (w, b) in enumerate(zip(parameters[:count], parameters[count:], strict=True)):
        x = x @ w.T + b
        x = _group_sort(x, group_size, -1) if i < count - 1 else x
        outputs.append(x)
    return outputs


OPS: dict[str, Callable[..., Any]] = {
    "group_sort": _group_sort,
    "max_min": lambda x, axis: _group_sort(x, 2, axis),
    "full_sort": lambda x, axis: jnp.sort(x, axis=axis),
    "affine": lambda x, w, b: x @ w.T + b,
    "bjorck": _bjorck,
    "spectral_norm": _spectral_norm,
    "spectral_normalize": lambda w: w / _spectral_norm(w),
    "project_l1_ball": _project_l1_ball,
    "project_l2_ball": _project_l2_ball,
    "project_linf_ball": lambda v, radius: jnp.clip(v, -radius, radius),
    "operator_norm": _operator_norm,
    "hinge": _hinge,
    "cross_entropy": _cross_entropy,
    "kr": lambda p, q: p.mean() - q.mean(),
    "hkr": _hkr,
    "certified_radius": _certified_radius,
    "network": lambda *arrays, group_size: _layers(*arrays, group_size=group_size)[-1],
}


_compiled = [("", "")]  # the operation and dtype of the last call


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`; the arrays carry their dtype, and labels have no gradient."""
    if _compiled[0] != (op, dtype):  # what was compiled for other operations takes gigabytes in the end
        jax.clear_caches()
        _compiled[0] = (op, dtype)
    inputs = [jnp.asarray(array) for array in arrays]
    floats = [i for i, array in enumerate(arrays) if array.dtype.kind == "f"]

    def function(*values: Any) -> Any:
        given = dict(zip(floats, values, strict=True))
        return OPS[op](*(given.get(i, x) for i, x in enumerate(inputs)), **params)

    out, pull = jax.vjp(function, *(inputs[i] for i in floats))
    if cotangent is None:
        return np.asarray(out), None
    gradients = dict(zip(floats, pull(jnp.asarray(cotangent)), strict=True))
    return np.asarray(out), [np.asarray(gradients[i]) if i in gradients else None for i in range(len(arrays))]


def taps(arrays: list[Any], params: dict[str, Any], dtype: str) -> list[Any]:
    """The outputs of the hidden layers of `network`."""
    return [np.asarray(h) for h in _layers(*map(jnp.asarray, arrays), **params)[:-1]]
