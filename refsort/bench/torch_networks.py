"""PyTorch networks: whole training steps, and Jacobians in the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from refsort.bench.torch_operations import Formulation, bjorck, min_max_stacked

with suppress(ModuleNotFoundError):  # `torch_peers` says whether it is there, before anything here is called
    import torch


def arrays(tensors: Sequence[Any]) -> list[Any]:
    """NumPy copies."""
    return [tensor.detach().numpy().copy() for tensor in tensors]


def _network(x: Any, weights: Sequence[Any], biases: Sequence[Any], activation: Formulation) -> Any:
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        x = torch.nn.functional.linear(x, w, b)
        x = activation(x) if i < len(weights) - 1 else x
    return x


def _step(loss_of: Formulation) -> Formulation:
    """A training step: constrain all weights, loss, tape backwards, Adam."""

    def build(tensors: Mapping[str, Any], params: Mapping[str, Any], how: Formulation, update: str) -> Any:
        layers, constrain = range(params["layers"]), bjorck(how)
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
            return arrays([value, *grads, loss()])

        return call, outputs

    return build


def _cross_entropy(tensors: Mapping[str, Any], weights: Sequence[Any], biases: Sequence[Any]) -> Any:
    logits = _network(tensors["x"], weights, biases, min_max_stacked)
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
    y = _network(x, *_folded(tensors, params), min_max_stacked)
    rows = [torch.autograd.grad(y[:, k].sum(), x, retain_graph=True)[0] for k in range(y.shape[1])]
    return torch.stack(rows, dim=1)


def _jacobian_batched(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    x = tensors["x"].clone().requires_grad_()
    y = _network(x, *_folded(tensors, params), min_max_stacked)
    unit = torch.eye(y.shape[1], dtype=y.dtype)[:, None, :].expand(-1, *y.shape)
    return torch.autograd.grad(y, x, unit, is_grads_batched=True)[0].movedim(0, 1)


def _jacobian_by_samples(tensors: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    weights, biases = _folded(tensors, params)
    of_one = torch.func.jacrev(lambda x: _network(x, weights, biases, min_max_stacked))
    return torch.func.vmap(of_one)(tensors["x"])


JACOBIANS: dict[str, Formulation] = {
    "an output at a time": _jacobian_by_outputs,
    "is_grads_batched": _jacobian_batched,
    "vmap of jacrev": _jacobian_by_samples,
}
