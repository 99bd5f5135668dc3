"""PyTorch on the CPU: several formulations of each operation, eager, differentiated by its own tape.

The fastest one of each row is what refsort is compared with. Left out: `torch.compile`, whose kernels take a compiler
and many seconds of warm-up, and `torch.autograd.Function`s, whose derivatives would be as hand-written as refsort's.
Forward passes run without a tape. For forward+backward the same inputs require gradients as refsort differentiates.

The only file of the room that imports torch, and nothing imports it before a measurement begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

try:
    import torch
except ModuleNotFoundError:
    AVAILABLE = False
else:
    AVAILABLE = True

Formulation = Callable[..., Any]


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


def _arrays(tensors: Sequence[Any]) -> list[Any]:
    return [tensor.detach().numpy().copy() for tensor in tensors]


def _forward(f: Formulation, x: Any, y_bar: Any, params: Mapping[str, Any]) -> Any:
    def call() -> Any:
        with torch.no_grad():
            return f(x, **params)

    return call, lambda: _arrays([call()])


def _reusing(f: Formulation, x: Any, params: Mapping[str, Any]) -> Any:
    reused = f(x, None, **params)

    def call() -> Any:
        with torch.no_grad():
            return f(x, reused, **params)

    def outputs() -> list[Any]:
        result = call()
        return _arrays([result[0] if isinstance(result, tuple) else result])  # sorts write indices as well

    return call, outputs


def _both(f: Formulation, x: Any, y_bar: Any, params: Mapping[str, Any]) -> Any:
    x = x.clone().requires_grad_()

    def call() -> Any:
        y = f(x, **params)
        return y, torch.autograd.grad(y, x, y_bar)[0]

    return call, lambda: _arrays(call())


def _bound(f: Formulation, tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Callable[[], Any]:
    return lambda: f(tensors, params)


def _plain(call: Callable[[], Any]) -> Any:
    return call, lambda: _arrays([call()])


# --- sorting ---------------------------------------------------------------------------------------------------------


def _min_max_stacked(x: Any, group_size: int = 2) -> Any:
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([torch.minimum(a, b), torch.maximum(a, b)], dim=-1).flatten(-2)


def _aminmax_stacked(x: Any, group_size: int = 2) -> Any:
    pairs = x.unflatten(-1, (-1, 2))
    return torch.stack([pairs.amin(-1), pairs.amax(-1)], dim=-1).flatten(-2)


def _relu_identity(x: Any, group_size: int = 2) -> Any:
    a, b = x[..., 0::2], x[..., 1::2]
    over = torch.relu(a - b)  # min(a, b) = a - (a - b)^+, max(a, b) = b + (a - b)^+
    return torch.stack([a - over, b + over], dim=-1).flatten(-2)


def _where_swapped(x: Any, group_size: int = 2) -> Any:
    a, b = x[..., 0::2], x[..., 1::2]
    swapped = b < a
    return torch.stack([torch.where(swapped, b, a), torch.where(swapped, a, b)], dim=-1).flatten(-2)


def _sorted_groups(x: Any, group_size: int) -> Any:
    return x.unflatten(-1, (-1, group_size)).sort(dim=-1).values.flatten(-2)


def _stably_sorted_groups(x: Any, group_size: int) -> Any:
    return x.unflatten(-1, (-1, group_size)).sort(dim=-1, stable=True).values.flatten(-2)


def _argsort_and_gather(x: Any, group_size: int) -> Any:
    groups = x.unflatten(-1, (-1, group_size))
    return groups.gather(-1, groups.detach().argsort(dim=-1)).flatten(-2)


def comparators(n: int) -> list[tuple[int, int]]:
    """Batcher's odd-even merge sort of n = 2^k entries.

    Examples
    --------
    >>> comparators(4)
    [(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)]
    """
    found, p = [], 1
    while p < n:
        k = p
        while k >= 1:
            for j in range(k % p, n - k, 2 * k):
                found += [(i + j, i + j + k) for i in range(k) if (i + j) // (2 * p) == (i + j + k) // (2 * p)]
            k //= 2
        p *= 2
    return found


def _sorting_network(x: Any, group_size: int) -> Any:
    columns = list(x.unflatten(-1, (-1, group_size)).unbind(-1))
    for i, j in comparators(group_size):
        columns[i], columns[j] = torch.minimum(columns[i], columns[j]), torch.maximum(columns[i], columns[j])
    return torch.stack(columns, dim=-1).flatten(-2)


def _min_max_into(x: Any, out: Any, group_size: int = 2) -> Any:
    out = torch.empty_like(x) if out is None else out
    a, b = x[..., 0::2], x[..., 1::2]
    torch.minimum(a, b, out=out[..., 0::2])
    torch.maximum(a, b, out=out[..., 1::2])
    return out


def _sort_into(stable: bool) -> Formulation:
    def f(x: Any, out: Any, group_size: int) -> Any:
        groups = x.unflatten(-1, (-1, group_size))
        if out is None:
            return x.clone(), torch.empty(groups.shape, dtype=torch.int64)
        torch.sort(groups, stable=stable, dim=-1, out=(out[0].unflatten(-1, (-1, group_size)), out[1]))
        return out

    return f


_SORTS: dict[str, Formulation] = {
    "sort": _sorted_groups,
    "stable sort": _stably_sorted_groups,
    "argsort, gather": _argsort_and_gather,
}
_SORTS_INTO: dict[str, Formulation] = {"sort": _sort_into(False), "stable sort": _sort_into(True)}

# --- projection on the unit l1 ball ----------------------------------------------------------------------------------


def _threshold(sizes: Any, radius: float) -> tuple[Any, Any]:
    """tau and the number of active entries, from sizes in descending order."""
    thetas = (sizes.cumsum(dim=-1) - radius) / torch.arange(1, sizes.shape[-1] + 1, dtype=sizes.dtype)
    kept = (sizes > thetas).sum(dim=-1, keepdim=True).clamp(min=1)
    return thetas.gather(-1, kept - 1), kept


def _l1_through_the_sort(v: Any, radius: float = 1.0) -> Any:
    tau, _ = _threshold(v.abs().sort(dim=-1, descending=True).values, radius)
    outside = v.sign() * (v.abs() - tau).relu()
    return torch.where(v.abs().sum(dim=-1, keepdim=True) <= radius, v, outside)


def _l1_sort_off_the_tape(v: Any, radius: float = 1.0) -> Any:
    """The active set is constant nearby: tau is the mean over it, and the tape need not see the sort."""
    with torch.no_grad():
        size = v.abs()
        tau, kept = _threshold(size.sort(dim=-1, descending=True).values, radius)
        signs = v.sign() * (size > tau)
        inside = size.sum(dim=-1, keepdim=True) <= radius
    tau = ((v * signs).sum(dim=-1, keepdim=True) - radius) / kept
    return torch.where(inside, v, v * signs.abs() - signs * tau)


def _l1_only_rows_outside(v: Any, radius: float = 1.0) -> Any:
    """The rows that lie outside are taken out, projected and put back."""
    with torch.no_grad():
        rows = torch.nonzero(v.abs().sum(dim=-1) > radius)[:, 0]
    if not len(rows):
        return v.clone()
    return v.index_copy(0, rows, _l1_sort_off_the_tape(v[rows], radius))


# --- orthonormalisation ----------------------------------------------------------------------------------------------


def _bjorck_matmul(a: Any, eye: Any, coefficients: Sequence[float]) -> Any:
    q = eye - a.T @ a
    r = coefficients[-1] * q
    for c in reversed(coefficients[:-1]):
        r = q @ (c * eye + r)
    return a + a @ r


def _bjorck_addmm(a: Any, eye: Any, coefficients: Sequence[float]) -> Any:
    q = torch.addmm(eye, a.T, a, alpha=-1)
    r = coefficients[-1] * q
    for c in reversed(coefficients[:-1]):
        r = torch.addmm(c * q, q, r)
    return torch.addmm(a, a, r)


def _bjorck_published(a: Any, eye: Any, coefficients: Sequence[float]) -> Any:
    """Order 1 as in the paper's code, ``1.5 a - 0.5 a a^T a``; one product more a step for each higher order."""
    if len(coefficients) == 1:
        return torch.addmm(a, a, a.T @ a, beta=1 + coefficients[0], alpha=-coefficients[0])
    q = torch.addmm(eye, a.T, a, alpha=-1)
    total, term = a, a
    for c in coefficients:
        term = term @ q
        total = total + c * term
    return total


BJORCK_STEPS: dict[str, Formulation] = {
    "matmul": _bjorck_matmul,
    "addmm": _bjorck_addmm,
    "published": _bjorck_published,
}


def _bjorck(step: Formulation) -> Formulation:
    def f(w: Any, iterations: int, order: int = 1) -> Any:
        a = w.T if w.shape[0] < w.shape[1] else w  # the smaller Gram side, as refsort does
        eye = torch.eye(a.shape[1], dtype=a.dtype)
        coefficients = (0.5, 0.375, 0.3125)[:order]
        for _ in range(iterations):
            a = step(a, eye, coefficients)
        return a.T if w.shape[0] < w.shape[1] else a

    return f


def _by_matrix_norm(w: Any) -> Any:
    return w / torch.linalg.matrix_norm(w, ord=2)


def _by_singular_values(w: Any) -> Any:
    return w / torch.linalg.svdvals(w)[0]


def _by_gram(w: Any) -> Any:
    a = w.T if w.shape[0] < w.shape[1] else w
    return w / torch.linalg.eigvalsh(a.T @ a)[-1].sqrt()


UNARY: dict[str, dict[str, Formulation]] = {
    "max_min": {
        "minimum, maximum, stack": _min_max_stacked,
        "amin, amax, stack": _aminmax_stacked,
        "relu identity": _relu_identity,
        "where": _where_swapped,
        **_SORTS,
    },
    "group_sort": {"network of minimum, maximum": _sorting_network, **_SORTS},
    "full_sort": _SORTS,
    "project_l1_ball": {
        "sort on the tape": _l1_through_the_sort,
        "sort off the tape": _l1_sort_off_the_tape,
        "rows outside alone": _l1_only_rows_outside,
    },
    "bjorck": {name: _bjorck(step) for name, step in BJORCK_STEPS.items()},
    "spectral_normalize": {"matrix_norm": _by_matrix_norm, "svdvals": _by_singular_values, "eigvalsh": _by_gram},
}
REUSING: dict[str, dict[str, Formulation]] = {
    "max_min": {"minimum, maximum into halves": _min_max_into, **_SORTS_INTO},
    "group_sort": _SORTS_INTO,
    "full_sort": _SORTS_INTO,
}

# --- networks --------------------------------------------------------------------------------------------------------


def _network(x: Any, weights: Sequence[Any], biases: Sequence[Any], activation: Formulation) -> Any:
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        x = torch.nn.functional.linear(x, w, b)
        x = activation(x) if i < len(weights) - 1 else x
    return x


def _step(loss_of: Formulation) -> Formulation:
    """A training step: constrain all weights, loss, tape backwards, Adam."""

    def build(tensors: Mapping[str, Any], params: Mapping[str, Any], how: Formulation, update: str) -> Any:
        layers, constrain = range(params["layers"]), _bjorck(how)
        weights = [tensors[f"w{i}"].clone().requires_grad_() for i in layers]
        biases = [tensors[f"b{i}"].clone().requires_grad_() for i in layers]
        parameters = [parameter for pair in zip(weights, biases, strict=True) for parameter in pair]
        optimiser = torch.optim.Adam(parameters, lr=params["rate"], **{update: True})

        def loss() -> Any:
            return loss_of(tensors, [constrain(w, params["iterations"]) for w in weights], biases)

        def call() -> float:
            value = loss()
            value.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)  # here, for no gradient to be there before a call that counts memory
            return float(value.detach())

        def outputs() -> list[Any]:
            value = loss()
            grads = torch.autograd.grad(value, parameters)
            call()
            return _arrays([value, *grads, loss()])

        return call, outputs

    return build


def _cross_entropy(tensors: Mapping[str, Any], weights: Sequence[Any], biases: Sequence[Any]) -> Any:
    logits = _network(tensors["x"], weights, biases, _min_max_stacked)
    return torch.nn.functional.cross_entropy(logits, tensors["labels"])


def _kantorovich_rubinstein(tensors: Mapping[str, Any], weights: Sequence[Any], biases: Sequence[Any]) -> Any:
    p, q = tensors["p"], tensors["q"]
    values = _network(torch.cat([p, q]), weights, biases, lambda x: x.sort(dim=-1).values)
    return values[len(p) :].mean() - values[: len(p)].mean()


STEPS: dict[str, Formulation] = {
    "mnist_step": _step(_cross_entropy),
    "cone_step": _step(_kantorovich_rubinstein),
}


def _folded(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    layers = range(params["layers"])
    return [tensors[f"w{i}"] for i in layers], [tensors[f"b{i}"] for i in layers]


def _jacobian_by_outputs(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    x = tensors["x"].clone().requires_grad_()
    y = _network(x, *_folded(tensors, params), _min_max_stacked)
    rows = [torch.autograd.grad(y[:, k].sum(), x, retain_graph=True)[0] for k in range(y.shape[1])]
    return torch.stack(rows, dim=1)


def _jacobian_batched(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    x = tensors["x"].clone().requires_grad_()
    y = _network(x, *_folded(tensors, params), _min_max_stacked)
    unit = torch.eye(y.shape[1], dtype=y.dtype)[:, None, :].expand(-1, *y.shape)
    return torch.autograd.grad(y, x, unit, is_grads_batched=True)[0].movedim(0, 1)


def _jacobian_by_samples(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    weights, biases = _folded(tensors, params)
    of_one = torch.func.jacrev(lambda x: _network(x, weights, biases, _min_max_stacked))
    return torch.func.vmap(of_one)(tensors["x"])


JACOBIANS: dict[str, Formulation] = {
    "an output at a time": _jacobian_by_outputs,
    "is_grads_batched": _jacobian_batched,
    "vmap of jacrev": _jacobian_by_samples,
}
