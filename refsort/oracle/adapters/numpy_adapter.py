"""refsort's own operations, as the thing under test."""

from collections.abc import Callable
from typing import Any

import numpy as np

import refsort
from refsort import ops
from refsort.certify import certified_radius
from refsort.nets import GroupSort, Identity, Layer, Network, Parameters
from refsort.nets.activations import Activation

NAME = f"refsort {refsort.__version__} (numpy {np.__version__})"
DTYPES = ["float16", "float32", "float64"]


def call(op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32") -> Any:
    """The protocol of `refsort.oracle.adapter`: the value function without a cotangent, else forward and backward."""
    if op == "network":
        return _network(arrays, params["group_size"], cotangent)
    value, forward = OPS[op]
    if params.get("order", 1) > 1:
        params = {name: p for name, p in params.items() if name != "beta"}  # that of order 1
    if dtype == "float16" and (op.startswith("spectral") or params.get("p") == params.get("q") == 2):
        raise NotImplementedError("singular values in float16")
    if cotangent is None:
        return np.asarray(value(*arrays, **params), arrays[0].dtype), None
    out, at = forward(*arrays, **params)
    gradients = at.backward(cotangent)
    several = isinstance(gradients, tuple)
    return np.asarray(out), list(gradients) if several else [gradients, *[None] * (len(arrays) - 1)]


def _network(arrays: list[Any], group_size: int, cotangent: Any) -> Any:
    network, params = _layers(arrays, group_size)
    if cotangent is None:
        return network.value(params, arrays[0]), None
    out, at = network.forward(params, arrays[0])
    x_bar, grads = at.backward(cotangent)
    return out, [x_bar, *(w_bar for w_bar, _ in grads), *(b_bar for _, b_bar in grads)]


def _layers(arrays: list[Any], group_size: int) -> tuple[Network, Parameters]:
    count = len(arrays) // 2
    params = list(zip(arrays[1 : count + 1], arrays[count + 1 :], strict=True))
    sorts: list[Activation] = [GroupSort(group_size)] * (count - 1)
    layers = [Layer(w.shape[1], w.shape[0], s) for (w, _), s in zip(params, [*sorts, Identity()], strict=True)]
    return Network(tuple(layers)), params


def taps(arrays: list[Any], params: dict[str, Any], dtype: str) -> list[Any]:
    """The outputs of the hidden layers of `network`."""
    network, weights = _layers(arrays, params["group_size"])
    h, outputs = arrays[0], []
    for layer, (w, b) in zip(network.layers[:-1], weights[:-1], strict=True):
        h = layer.value(w, b, h)
        outputs.append(h)
    return outputs


OPS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "group_sort": (ops.group_sort, ops.group_sort_forward),
    "max_min": (ops.max_min, ops.max_min_forward),
    "full_sort": (ops.full_sort, ops.full_sort_forward),
    "affine": (ops.affine, ops.affine_forward),
    "bjorck": (ops.bjorck, ops.bjorck_forward),
    "spectral_norm": (ops.spectral_norm, ops.spectral_norm_forward),
    "spectral_normalize": (ops.spectral_normalize, ops.spectral_normalize_forward),
    "project_l1_ball": (ops.project_l1_ball, ops.project_l1_ball_forward),
    "project_l2_ball": (ops.project_l2_ball, ops.project_l2_ball_forward),
    "project_linf_ball": (ops.project_linf_ball, ops.project_linf_ball_forward),
    "operator_norm": (ops.operator_norm, ops.operator_norm_forward),
    "hinge": (ops.multiclass_hinge, ops.multiclass_hinge_forward),
    "cross_entropy": (ops.cross_entropy, ops.cross_entropy_forward),
    "kr": (ops.kantorovich_rubinstein, ops.kantorovich_rubinstein_forward),
    "hkr": (ops.hinge_kantorovich_rubinstein, ops.hinge_kantorovich_rubinstein_forward),
    "certified_radius": (certified_radius, certified_radius),  # float64, rounded down; the protocol wants the dtype
    "network": (_network, _network),
}
