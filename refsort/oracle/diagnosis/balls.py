"""Mistakes in projecting on l2 and linf balls: other sets, lost roots, epsilons; and on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort import spec
from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.epsilon import Widened, epsilons
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.norms import frobenius
from refsort.oracle.diagnosis.questions import asked, data, undone_back, with_params
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, holds, wide
from refsort.rounding import SMALLEST_SUBNORMAL

Project = Callable[[Array, Any], Array]
"""A row and the radius."""


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from."""
    yield asked("radius ignored", "the radius is ignored and 1 used", lambda case: with_params(case, radius=1.0))
    if witnesses[0].case.op == "project_l2_ball":
        yield Explanation(
            "columns for rows", "it projects the columns, not the rows", partial(_reshaped, shape=_turned)
        )
        sentence = "it projects the whole matrix as one vector, not row by row"
        yield Explanation("whole matrix", sentence, partial(_reshaped, shape=_flat))
        rows = _L2
    else:
        rows = _LINF
    for name, sentence, project in rows:
        yield Explanation(name, sentence, partial(_predicts, project=project))
    yield from scale.values(witnesses)
    if witnesses[0].case.op == "project_l2_ball":
        yield from epsilons(witnesses, _sizes, _is)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from."""
    yield from common(witnesses, lambda case: [_reference(case)], ["v"])
    sentence = (
        "rows on the sphere get no gradient: neither that of the inside, nor one of the outside, nor a mean of them"
    )
    yield undone_back("no gradient on the sphere", sentence, partial(_zero_where, places=("on",)))
    if witnesses[0].case.op == "project_l2_ball":
        sentence = "rows outside of the ball get no gradient"
        yield undone_back("no gradient outside", sentence, partial(_zero_where, places=("outside",)))
        yield undone_back(
            "no gradient outside",
            f"{sentence}, nor do those on the sphere",
            partial(_zero_where, places=("outside", "on")),
        )
        sentence = "the norm is taken for a constant on the way back (detached): the gradient is g r / norm"
        yield Explanation("detached norm", sentence, partial(_outside, gradient=lambda v, g, r: g * r / frobenius(v)))
        sentence = (
            "the gradient outside is the projection of g on what is orthogonal to the row, not multiplied by r / norm"
        )
        yield Explanation("division missing in the gradient", sentence, partial(_outside, gradient=_not_scaled))
    else:
        sentence = "the gradient is 1 inside and 0 outside, whatever the cotangent"
        yield undone_back("cotangent ignored", sentence, _times_cotangent)
        sentence = "rows with an entry outside get no gradient at all, where only those entries have none"
        yield undone_back("no gradient outside", sentence, _rows_left_out)


def _radially(by: Callable[[Array], Any], least: int = 1) -> Project:
    """Division by a size over the radius, or by no less than 1."""

    def project(v: Array, r: Any) -> Array:
        size = by(v)
        result: Array = v / max(size / r, least) if size or least else v
        return result

    return project


def _square(v: Array) -> Any:
    return (v * v).sum()


def _sup(v: Array) -> Any:
    return np.abs(v).max(initial=0.0)


def _sphere(v: Array, r: Any, zero: int) -> Array:
    result: Array = np.where(v == 0, zero, np.sign(v)) * r
    return result


def _clipped(v: Array, r: Any) -> Array:
    return np.clip(v, -r, r)


_INSIDE = "rows inside of it are moved as well"
_L2: list[tuple[str, str, Project]] = [
    ("sphere for ball", f"it projects on the sphere, not on the ball: {_INSIDE}", _radially(frobenius, least=0)),
    ("square root missing", "rows are divided by max(1, |v|^2 / r): a root is not taken", _radially(_square)),
    (
        "square root missing",
        "rows are divided by max(1, |v|^2 / r^2): a root is not taken",
        lambda v, r: v / max(1, _square(v) / r**2),
    ),
    (
        "wrong power of the radius",
        "rows are divided by max(1, |v| / r^2)",
        lambda v, r: v / max(1, frobenius(v) / r**2),
    ),
    (
        "wrong power of the radius",
        "rows are scaled to the unit ball, and not back to the radius",
        lambda v, r: v / max(r, frobenius(v)),
    ),
    ("another ball", "it projects on the linf ball: entries are clipped", _clipped),
    ("another ball", "rows are divided by max(1, |v|_1 / r)", _radially(lambda v: np.abs(v).sum())),
    ("another ball", "rows are divided by max(1, |v|_inf / r)", _radially(_sup)),
]
_LINF: list[tuple[str, str, Project]] = [
    ("sphere for ball", "every entry becomes r or -r, those inside as well", partial(_sphere, zero=0)),
    ("sphere for ball", "every entry becomes r or -r, those inside and zeros as well", partial(_sphere, zero=1)),
    ("one side clipped", "entries are clipped from above alone", lambda v, r: np.minimum(v, r)),
    ("one side clipped", "entries are clipped from below alone", lambda v, r: np.maximum(v, -r)),
    ("one side clipped", "entries are clipped to [0, r]: negative ones are lost", lambda v, r: np.clip(v, 0, r)),
    ("rescaled rows", "rows are divided by max(1, |v|_inf / r), which is no projection", _radially(_sup)),
    ("rescaled rows", "every row is scaled to the norm r, which is no projection", _radially(_sup, least=0)),
    ("another ball", "it projects on the l2 ball", _radially(frobenius)),
]


def _predicts(witness: Witness, project: Project) -> bool:
    r = wide(witness.case.params["radius"])
    rows = zip(witness.out, wide(data(witness.case)), strict=True)
    underflow = np.asarray(float(SMALLEST_SUBNORMAL[witness.case.dtype]) / witness.u)
    # row by row: a small row beside a large one has to be explained as well
    return all(close(out, project(row, r), witness.u, 16, given=underflow) for out, row in rows)


def _turned(x: Array) -> Array:
    return np.ascontiguousarray(x.T)


def _flat(x: Array) -> Array:
    return x.reshape(1, -1)


def _reshaped(witness: Witness, shape: Callable[[Array], Array]) -> bool | None:
    case = witness.case
    other = case._replace(arrays=(shape(data(case)),), cotangent=shape(case.cotangent))
    return holds(other, shape(witness.out), None, witness.adapter.unit_roundoff, times=2)


def _sizes(witness: Witness) -> list[tuple[Any, Any]]:
    """The norms of rows outside, and those which their images seem to come from."""
    r, found = wide(witness.case.params["radius"]), []
    for v, out in zip(wide(data(witness.case)), wide(witness.out), strict=True):
        size, at = frobenius(v), np.abs(v).argmax()
        if size > r and out[at]:
            found.append((size, r * v[at] / out[at]))
    return found


def _is(witness: Witness, widened: Widened) -> bool:
    """Either rows inside are left alone, or the norm with its epsilon decides on that too."""
    return any(
        _predicts(witness, lambda v, r, by=by: v / max(by(v, r) / r, 1))  # type: ignore[misc]
        for by in (
            lambda v, r: widened(frobenius(v)),
            lambda v, r: widened(frobenius(v)) if frobenius(v) > r else r,
        )
    )


def _places(case: Case) -> list[str]:
    radius = spec.frac(case.params["radius"])
    found = []
    for row in data(case).tolist():
        entries = [abs(spec.frac(x)) for x in row]
        excess = sum(x * x for x in entries) - radius**2 if case.op == "project_l2_ball" else max(entries) - radius
        found.append("outside" if excess > 0 else "on" if excess == 0 else "inside")
    return found


def _reference(case: Case) -> Array:
    """The gradient, that of the inside on the sphere."""
    v, g, r = wide(data(case)), wide(case.cotangent), wide(case.params["radius"])
    if case.op == "project_linf_ball":
        result: Array = np.where(np.abs(v) <= r, g, 0)
        return result
    rows = zip(v, g, _places(case), strict=True)
    return np.stack([_not_scaled(x, y, r) * r / frobenius(x) if at == "outside" else y for x, y, at in rows])


def _not_scaled(v: Array, g: Array, r: Any) -> Array:
    unit = v / frobenius(v)
    result: Array = g - unit * (unit * g).sum()
    return result


def _zero_where(case: Case, found: list[Any], places: tuple[str, ...]) -> list[Any] | None:
    """The right gradient where none was found."""
    at, reference = _places(case), _reference(case)
    if case.op == "project_linf_ball":  # entry by entry
        on = np.abs(wide(data(case))) == wide(case.params["radius"])
        return None if found[0][on].any() else [np.where(on, reference, found[0])]
    chosen = np.array([place in places for place in at])
    if found[0][chosen].any():
        return None
    return [np.where(chosen[:, None], reference, found[0])]


def _outside(witness: Witness, gradient: Callable[[Array, Array, Any], Array]) -> bool | None:
    """Whether rows outside have this gradient; on the sphere rounding may decide for either side."""
    if witness.gradients is None:
        return None
    case, r = witness.case, wide(witness.case.params["radius"])
    for v, g, found in zip(wide(data(case)), wide(case.cotangent), witness.gradients[0], strict=True):
        size = frobenius(v)
        near = 16 * witness.u * r
        expected = [g] if size <= r + near else []
        expected += [gradient(v, g, r)] if size >= r - near else []
        if not any(close(found, row, witness.u, 16, given=g * min(1, r / size) if size else g) for row in expected):
            return False
    return True


def _times_cotangent(case: Case, found: list[Any]) -> list[Any]:
    return [found[0] * case.cotangent]


def _rows_left_out(case: Case, found: list[Any]) -> list[Any] | None:
    chosen = np.array([place == "outside" for place in _places(case)])
    if found[0][chosen].any():
        return None
    return [np.where(chosen[:, None], _reference(case), found[0])]
