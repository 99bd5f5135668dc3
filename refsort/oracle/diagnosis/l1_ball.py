"""Mistakes in projecting on the l1 ball: other sets, rescaling, wrong thresholds; and on the way back, wrong means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort import spec
from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, is_right, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from."""
    ball = "the ball: rows inside of it are moved as well"
    rows: list[tuple[str, str, Callable[[Array, float], Array]]] = [
        ("sphere for ball", f"it projects on the sphere, not on {ball}", partial(_on_sphere, zero=0)),
        ("sphere for ball", f"it projects on the sphere, not on {ball}, and zeros too", partial(_on_sphere, zero=1)),
        ("rescaled rows", "it divides a row by max(1, |v|_1 / radius), which is no projection", _rescaled),
        ("rescaled rows", "it scales every row to the norm radius, which is no projection", _normalised),
        ("clipped entries", "it clips the entries to [-radius, radius]", lambda v, r: np.clip(v, -r, r)),
        ("soft-thresholding by the radius", "it soft-thresholds by the radius itself, and finds no tau", _soft),
        ("threshold without a search", "its tau is the one of a row whose entries are all kept", _all_kept),
        ("simplex for ball", "it projects on the simplex: signs are lost", lambda v, r: _threshold(v, r)[0]),
        ("l2 ball for l1 ball", "it projects on the l2 ball", _on_l2_ball),
    ]
    yield Explanation("radius ignored", "the radius is ignored and 1 used", _with_radius_1)
    yield Explanation("columns for rows", "it projects the columns, not the rows", _columns)
    yield Explanation("whole matrix", "it projects the whole matrix as one vector, not row by row", _whole)
    for name, sentence, project in rows:
        yield Explanation(name, sentence, partial(_predicts, project=project))


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from."""
    yield from common(witnesses, lambda case: [_reference(case)], ["v"])
    sentence = (
        "rows on the sphere get no gradient: neither that of the inside nor one of the outside, nor a mean of them"
    )
    yield Explanation("no gradient on the sphere", sentence, partial(_zero_where, place=0))
    sentence = "rows outside of the ball get no gradient"
    yield Explanation("no gradient outside", sentence, partial(_zero_where, place=1))
    sentence = "the gradient of tau is left out: it is that of soft-thresholding by a constant"
    yield Explanation("gradient of soft-thresholding", sentence, partial(_outside, mean=0))
    sentence = "the mean of the cotangents is taken without the signs of the entries, as for the simplex"
    yield Explanation("signs forgotten in the gradient", sentence, partial(_outside, signs=False))


def _predicts(witness: Witness, project: Callable[[Array, float], Array]) -> bool:
    radius = witness.case.params["radius"]
    rows = zip(witness.out, wide(witness.case.arrays[0]), strict=True)
    # row by row: a small row beside a large one has to be explained as well
    return all(close(out, project(row, radius), witness.u, given=row) for out, row in rows)


def _threshold(v: Array, radius: float) -> tuple[Array, float]:
    """max(v - tau, 0) of sum radius, and tau: of either sign."""
    thetas = (np.cumsum(-np.sort(-v)) - radius) / np.arange(1, len(v) + 1)
    tau = thetas.max(initial=-np.inf)
    return np.maximum(v - tau, 0), tau


def _on_sphere(v: Array, radius: float, zero: int) -> Array:
    sizes, _ = _threshold(np.abs(v), radius)
    return np.where(v == 0, zero, np.sign(v)) * sizes


def _normalised_by(v: Array, size: Any) -> Array:
    result: Array = v / size
    return result


def _rescaled(v: Array, radius: float) -> Array:
    return _normalised_by(v, max(1, np.abs(v).sum() / radius))


def _normalised(v: Array, radius: float) -> Array:
    return _normalised_by(v, np.abs(v).sum() / radius) if v.any() else v


def _soft(v: Array, radius: Any) -> Array:
    result: Array = np.sign(v) * np.maximum(np.abs(v) - radius, 0)
    return result


def _all_kept(v: Array, radius: float) -> Array:
    return _soft(v, max((np.abs(v).sum() - radius) / len(v), 0))


def _on_l2_ball(v: Array, radius: float) -> Array:
    return _normalised_by(v, max(1, np.sqrt((v * v).sum()) / radius))


def _with_radius_1(witness: Witness) -> bool:
    case = witness.case._replace(params={"radius": 1.0})
    return is_right(case, witness.out, None, witness.adapter.unit_roundoff)


def _reshaped(witness: Witness, shape: Callable[[Array], Array]) -> bool:
    case = witness.case
    other = case._replace(arrays=(shape(case.arrays[0]),), cotangent=shape(case.cotangent))
    return is_right(other, shape(witness.out), None, witness.adapter.unit_roundoff)


def _columns(witness: Witness) -> bool:
    return _reshaped(witness, lambda x: np.ascontiguousarray(x.T))


def _whole(witness: Witness) -> bool:
    return _reshaped(witness, lambda x: x.reshape(1, -1))


def _reference(case: Case) -> Array:
    """One admissible gradient; exact until it is rounded to wide floats."""
    rows = []
    for v, g in zip(case.arrays[0].tolist(), case.cotangent.tolist(), strict=True):
        jacobian = spec.l1_ball_jacobians(v, case.params["radius"])[0]
        rows.append([float(sum(a * spec.frac(b) for a, b in zip(row, g, strict=True))) for row in jacobian])
    return wide(rows).reshape(case.arrays[0].shape)


def _outside(witness: Witness, mean: int = 1, signs: bool = True) -> bool | None:
    """Whether parts of the gradient are left out at rows outside; at a kink each way of deciding it is taken."""
    if witness.gradients is None:
        return None
    radius = witness.case.params["radius"]
    rows = zip(wide(witness.case.arrays[0]), wide(witness.case.cotangent), witness.gradients[0], strict=True)
    for v, g, found in rows:
        near, excess = 8 * witness.u * (np.abs(v).sum() + radius), np.abs(v).sum() - radius
        tau, s = max(_threshold(np.abs(v), radius)[1], 0), np.sign(v) if signs else np.ones_like(v)
        predicted, kept = [g] if excess <= near else [], [np.abs(v) > tau + near, np.abs(v) >= tau - near]
        for k in kept if excess >= -near else ():
            predicted.append(k * (g - mean * s * (s * g * k).sum() / max(k.sum(), 1)))
        if not any(close(found, row, witness.u, given=g) for row in predicted):
            kink = abs(excess) <= near or (kept[0] != kept[1]).any()
            return None if kink and witness.gradients_right else False  # entries at a kink need not go one way
    return True


def _zero_where(witness: Witness, place: int) -> bool | None:
    """Whether rows on the sphere (0), or outside of it (1), get none, and all is right once that is undone."""
    if witness.gradients is None:
        return None
    radius, undone, reference = spec.frac(witness.case.params["radius"]), [], _reference(witness.case)
    for v, found, truth in zip(witness.case.arrays[0].tolist(), witness.gradients[0], reference, strict=True):
        norm = sum(abs(spec.frac(x)) for x in v)
        if (norm == radius) if place == 0 else (norm > radius):
            if found.any():
                return False
            found = truth.astype(found.dtype)
        undone.append(found)
    return is_right(witness.case, witness.out, [np.stack(undone)], witness.adapter.unit_roundoff, times=4)
