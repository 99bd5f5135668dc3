"""PyTorch formulations of single operations: sorts, the projection on the l1 ball, Bjorck, spectral normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from refsort.ops.sorting_network import comparators

with suppress(ModuleNotFoundError):  # `torch_peers` says whether it is there, before anything here is called
    import torch

Formulation = Callable[..., Any]

# --- sorting ---------------------------------------------------------------------------------------------------------


def min_max_stacked(x: Any, group_size: int = 2) -> Any:
    """The smaller and the greater of each pair, side by side."""
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


def _neighbours(x: Any, group_size: int = 2) -> Any:
    """Of all neighbours, contiguous, as refsort does it; every other result is needed."""
    return _neighbours_into(x, None)


def _neighbours_into(x: Any, out: Any, group_size: int = 2) -> Any:
    line = x.reshape(-1)
    less, greater = torch.minimum(line[:-1], line[1:]), torch.maximum(line[:-1], line[1:])
    if out is None:
        return torch.stack([less[0::2], greater[0::2]], dim=-1).view(x.shape)
    pairs = out.view(-1, 2)
    pairs[:, 0], pairs[:, 1] = less[0::2], greater[0::2]
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


def bjorck(step: Formulation) -> Formulation:
    """So many Bjorck steps, each by `step`."""

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


def _product(x: Any) -> Any:
    return x @ x


def _linear(x: Any) -> Any:
    return torch.nn.functional.linear(x, x.T)


UNARY: dict[str, dict[str, Formulation]] = {
    "product": {"matmul": _product, "linear": _linear},
    "max_min": {
        "minimum, maximum, stack": min_max_stacked,
        "minimum, maximum of neighbours": _neighbours,
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
    "bjorck": {name: bjorck(step) for name, step in BJORCK_STEPS.items()},
    "spectral_normalize": {"matrix_norm": _by_matrix_norm, "svdvals": _by_singular_values, "eigvalsh": _by_gram},
}
REUSING: dict[str, dict[str, Formulation]] = {
    "max_min": {
        "minimum, maximum into halves": _min_max_into,
        "minimum, maximum of neighbours": _neighbours_into,
        **_SORTS_INTO,
    },
    "group_sort": _SORTS_INTO,
    "full_sort": _SORTS_INTO,
}
