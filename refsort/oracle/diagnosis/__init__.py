"""What is wrong, in the author's own terms: known mistakes are tried, and the one that explains every answer is named.

A mismatch says that an answer is wrong. A diagnosis says what the implementation does instead, where that is a mistake
that somebody has made before (`refsort.oracle.bugs`). On a small case many mistakes give the same answer, so an
implementation is asked about many cases, and a mistake is named only if it leads to all of its answers, the right ones
among them included, down to rounding. Nothing here decides a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from refsort.oracle.adapter import Adapter
from refsort.oracle.bugs import class_of
from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import (
    affine,
    balls,
    bjorck,
    certified_radius,
    classifiers,
    critics,
    form,
    l1_ball,
    network,
    norms,
    precision,
    scale,
    sorting,
    spectral_normalize,
)
from refsort.oracle.diagnosis.precision import effective_bits
from refsort.oracle.diagnosis.witness import Explanation, Witness, drawn, witnesses
from refsort.oracle.judge import Mismatch

__all__ = ["Diagnosis", "diagnose", "effective_bits"]


class Diagnosis(NamedTuple):
    """What explains a wrong answer.

    Attributes
    ----------
    name : str
        A short name, one of those in `refsort.oracle.bugs.BUGS`.
    sentence : str
        What the implementation does.
    bug : str
        The class of bugs, a key of `BUGS`.
    wrong, cases : int
        On how many cases the answer was wrong, and on how many the explanation was tried; it holds on all of them.
        1 and 1 for an answer of a wrong form, which is a sign of its own.
    """

    name: str
    sentence: str
    bug: str
    wrong: int
    cases: int


_Explanations = Callable[[Sequence[Witness]], Iterator[Explanation]]

VALUES: dict[str, _Explanations] = {
    "group_sort": sorting.values,
    "max_min": sorting.values,
    "full_sort": sorting.values,
    "affine": affine.values,
    "bjorck": bjorck.values,
    "project_l1_ball": l1_ball.values,
    "spectral_norm": norms.values,
    "spectral_normalize": spectral_normalize.values,
    "project_l2_ball": balls.values,
    "project_linf_ball": balls.values,
    "operator_norm": norms.values,
    "hinge": classifiers.values,
    "cross_entropy": classifiers.values,
    "kr": critics.values,
    "hkr": critics.values,
    "certified_radius": certified_radius.values,
    "network": network.values,
}
"""The mistakes that make a result wrong; for other operations those of `scale`."""

GRADIENTS: dict[str, _Explanations] = {
    "group_sort": sorting.gradients,
    "max_min": sorting.gradients,
    "full_sort": sorting.gradients,
    "affine": affine.gradients,
    "bjorck": bjorck.gradients,
    "project_l1_ball": l1_ball.gradients,
    "spectral_norm": norms.gradients,
    "spectral_normalize": spectral_normalize.gradients,
    "project_l2_ball": balls.gradients,
    "project_linf_ball": balls.gradients,
    "operator_norm": norms.gradients,
    "hinge": classifiers.gradients,
    "cross_entropy": classifiers.gradients,
    "kr": critics.gradients,
    "hkr": critics.gradients,
    "network": network.gradients,
}
"""The mistakes that make a gradient wrong beside a right result; for other operations those of `scale`."""


@np.errstate(all="ignore")  # mistakes overflow and divide by zero
def diagnose(
    mismatch: Mismatch, adapter: Adapter, further: Sequence[Case] = (), examples: int = 40, random_seed: int = 0
) -> Diagnosis | None:
    """The mistake that explains `mismatch` and what `adapter` answers on other cases; None where none is known.

    Parameters
    ----------
    mismatch : Mismatch
    adapter : Adapter
        What was judged; it is called again.
    further : sequence of Case
        Other cases of the operation that are known to fail.
    examples : int
        How many cases are drawn in addition.
    random_seed : int
        Other seeds draw other ones.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.oracle import check
    >>> from refsort.rounding import UNIT_ROUNDOFF
    >>> def call(op, arrays, params, cotangent=None, dtype="float64"):
    ...     if cotangent is not None:
    ...         raise NotImplementedError
    ...     return -np.sort(-arrays[0], axis=params["axis"]), None
    >>> adapter = Adapter("mine", ("float64",), {}, UNIT_ROUNDOFF, frozenset(["full_sort"]), call)
    >>> diagnose(check(adapter, ["full_sort"]).rows[0].failure, adapter).name
    'descending'
    """
    case = mismatch.case
    of_form = form.diagnosed(mismatch, adapter)
    if of_form is not None:
        return Diagnosis(*of_form, class_of(of_form[0]), 1, 1)
    asked = witnesses(adapter, [case, *further])
    for k in range(4):  # a few wrong answers can be explained by chance, and one of them can be a rare one
        asked += witnesses(adapter, drawn(case.op, case.dtype, examples, random_seed - k))
        wrong, explanations = [w for w in asked if not w.right], _value_explanations
        if not wrong:
            wrong, explanations = [w for w in asked if not w.gradients_right], _gradient_explanations
        if len(wrong) >= 8:
            break
    if not wrong:
        return None
    wrong.sort(key=lambda w: -w.case.cotangent.size)  # the larger ones refute sooner
    others = [w for w in asked if all(w is not x for x in wrong)]
    found = [e for e in explanations(wrong, others) if _explains(e, wrong, others)]
    for k in range(4):  # more cases may tell them apart; the first is the simplest
        if len(found) < 2 or (k and len({e.name for e in found}) == 1):
            break
        more = witnesses(adapter, drawn(case.op, case.dtype, examples, random_seed + 1 + k))
        found = [e for e in found if all(e.explains(w) is not False for w in more)]
    if not found:
        return None
    name, sentence, _ = found[0]
    return Diagnosis(name, sentence, class_of(name), len(wrong), len(asked))


def _explains(explanation: Explanation, wrong: list[Witness], others: list[Witness]) -> bool:
    """Whether it leads to every answer that it says something of, and to half of the wrong ones at least."""
    told = 0
    for witness in [*wrong, *others]:
        verdict = explanation.explains(witness)
        if verdict is False:
            return False
        told += verdict is True and any(witness is w for w in wrong)
    return 2 * told >= len(wrong)


def _value_explanations(wrong: list[Witness], others: list[Witness]) -> Iterator[Explanation]:
    yield from VALUES.get(wrong[0].case.op, scale.values)([*wrong, *others])
    yield from precision.values([*wrong, *others])


def _gradient_explanations(wrong: list[Witness], others: list[Witness]) -> Iterator[Explanation]:
    yield from GRADIENTS.get(wrong[0].case.op, scale.gradients)([*wrong, *others])
