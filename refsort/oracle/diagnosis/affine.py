"""Mistakes in the affine map: the weight's layout, the bias, sums and means over the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.gradients import common, divided
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, is_right, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from: each is the right answer for other arrays."""
    questions: list[tuple[str, str, Callable[[Case], Case]]] = [
        ("bias missing", "the bias is not added", partial(_with_bias, factor=0)),
        ("bias twice", "the bias is added twice", partial(_with_bias, factor=2)),
        ("bias subtracted", "the bias is subtracted", partial(_with_bias, factor=-1)),
        ("other weight layout", "the memory of W is read in the layout (d_in, d_out)", _reread),
    ]
    for name, sentence, question in questions:
        yield Explanation(name, sentence, partial(_answers, question=question))
    sentence = "it computes x W + b and not x W^T + b: W is read as (d_in, d_out)"
    yield Explanation("transposed weight", sentence, _transposed)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from."""
    for i, names in (((2,), "b"), ((1,), "W"), ((1, 2), "W and b"), ((0, 1, 2), "x, W and b")):
        sentence = f"the gradient of {names} is averaged over the batch, where it should be summed: a factor 1/n"
        yield Explanation("gradient averaged over the batch", sentence, partial(_averaged, arguments=i))
    yield from common(witnesses, _reference, ["x", "W", "b"])
    sentence = "the gradient of b is that of one sample, not the sum over the batch"
    yield Explanation("gradient not summed over the batch", sentence, _of_one_sample)
    sentence = "the gradient of {} is read in the transposed layout"
    yield Explanation("transposed gradient", sentence.format("W"), _w_bar_reread)
    yield Explanation("transposed gradient", sentence.format("x: g W^T for g W"), _x_bar_reread)


def _answers(witness: Witness, question: Callable[[Case], Case]) -> bool:
    other = question(witness.case)
    return is_right(other, witness.out, None, witness.adapter.unit_roundoff, times=2)  # room for one rounding more


def _with_bias(case: Case, factor: int) -> Case:
    x, w, b = case.arrays
    return case._replace(arrays=(x, w, (factor * b).astype(b.dtype)))


def _transposed(witness: Witness) -> bool | None:
    """For square weights; where x W is not defined it leads to no answer, and a wrong one is another mistake's."""
    x, w, b = witness.case.arrays
    if w.shape[0] != w.shape[1]:
        return None if witness.right else False
    return _answers(witness, lambda case: case._replace(arrays=(x, w.T, b)))


def _reread(case: Case) -> Case:
    x, w, b = case.arrays
    return case._replace(arrays=(x, w.reshape(w.shape[::-1]).T, b))


def _reference(case: Case) -> list[Array]:
    x, w, _ = (wide(array) for array in case.arrays)
    g = wide(case.cotangent)
    return [g @ w, g.T @ x, g.sum(axis=0)]


def _judged(witness: Witness, undone: dict[int, Array]) -> bool:
    """Whether the gradients are right with some of them replaced."""
    assert witness.gradients is not None
    gradients = [undone.get(i, g).astype(g.dtype) for i, g in enumerate(witness.gradients)]
    return is_right(witness.case, witness.out, gradients, witness.adapter.unit_roundoff, times=4)


def _averaged(witness: Witness, arguments: tuple[int, ...]) -> bool | None:
    if witness.gradients is None:
        return None
    c, truth = 1 / len(witness.case.cotangent), _reference(witness.case)
    return _judged(witness, {i: divided(witness.gradients[i], c, truth[i], witness) for i in arguments})


def _of_one_sample(witness: Witness) -> bool | None:
    if witness.gradients is None:
        return None
    g = witness.case.cotangent
    if not any(np.array_equal(witness.gradients[2], row) for row in (g[0], g[-1])):
        return False
    return _judged(witness, {2: _reference(witness.case)[2]})


def _w_bar_reread(witness: Witness) -> bool | None:
    if witness.gradients is None:
        return None
    w_bar = witness.gradients[1]
    return _judged(witness, {1: w_bar.reshape(w_bar.shape[::-1]).T})


def _x_bar_reread(witness: Witness) -> bool | None:
    if witness.gradients is None:
        return None
    (x, w, b), g = witness.case.arrays, witness.case.cotangent
    # the gradient of x is that of the map with the weight read so
    other = witness.case._replace(arrays=(x, w.reshape(w.shape[::-1]).T, b))
    replayed = [witness.gradients[0], *(t.astype(x.dtype) for t in _reference(other)[1:])]
    out = (wide(x) @ wide(other.arrays[1]).T + wide(b)).astype(g.dtype)
    return is_right(other, out, replayed, witness.adapter.unit_roundoff, times=4)
