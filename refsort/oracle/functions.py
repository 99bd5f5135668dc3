"""For use inside anyone's tests: arrays judged without an adapter.

`judge_output` compares a result, and gradients, of one of the oracle's operations with the exact definition.
`refsort.oracle.gradients.check_gradient` examines the derivative of any function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.adapter import Adapter
from refsort.oracle.claims import Comparison
from refsort.oracle.judge import Mismatch, answer
from refsort.oracle.operations import OPERATIONS, Case, gradient_claims, value_claims
from refsort.oracle.tolerances import Precision
from refsort.rounding import UNIT_ROUNDOFF
from refsort.strategies import FORMATS

Array = NDArray[Any]


class Verdict(NamedTuple):
    """What the given arrays showed.

    Attributes
    ----------
    verdict : str
        "PASS", "FAIL", or "UNRESOLVED" where no comparison has a bound.
    ratio : float
        The largest error over bound; infinite for a form that no answer may have, NaN where nothing was compared.
    comparisons : list of Comparison
        All that were made, those that failed included.
    text : str
        Empty for a PASS; else what was expected and what was found.
    """

    verdict: str
    ratio: float
    comparisons: list[Comparison]
    text: str

    def __bool__(self) -> bool:
        return self.verdict == "PASS"


def judge_output(
    op: str,
    inputs: Sequence[Array],
    output: Any,
    cotangent: Array | None = None,
    gradients: Sequence[Any] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    dtype: str | None = None,
    unit_roundoff: float | Fraction | None = None,
) -> Verdict:
    """Whether `output` is what `op` gives at `inputs`, and `gradients` what it gives for `cotangent`.

    The truth is exact, the tolerance derived, and at a kink every admissible gradient is right.

    Parameters
    ----------
    op : str
        A key of `refsort.oracle.OPERATIONS`.
    inputs : sequence of ndarray
        As an adapter gets them: x, w, b for "affine".
    output : ndarray
        In refsort's layout and in the dtype of the inputs.
    cotangent : ndarray, optional
        Of the shape of the output; needed with `gradients`.
    gradients : sequence of ndarray, optional
        One for each input, None for inputs of integers.
    params : dict, optional
        As an adapter gets them: {"axis": -1} for "max_min".
    dtype : str, optional
        What was computed in: that of the inputs by default, so "bfloat16" has to be said.
    unit_roundoff : float, optional
        For computations with fewer bits than the dtype has: 2**-11 for TF32.

    Returns
    -------
    Verdict
        True where it is a PASS, so that ``assert judge_output(...)`` works, and shows the text.

    Raises
    ------
    ValueError
        For an operation or a dtype that there is not, inputs that are not finite, parameters that the operation does
        not take, and gradients without a cotangent. What is judged never raises.

    Notes
    -----
    Exact arithmetic: milliseconds for some hundred numbers, more for many steps of Bjorck's iteration.

    Examples
    --------
    >>> x = np.array([[2.0, 1.0, 3.0, 3.0]])
    >>> judge_output("max_min", [x], np.array([[1.0, 2.0, 3.0, 3.0]]), params={"axis": -1}).verdict
    'PASS'
    >>> both_to_the_first = [np.array([[2.0, 1.0, 12.0, 0.0]])]
    >>> print(judge_output(
    ...     "max_min", [x], np.array([[1.0, 2.0, 3.0, 3.0]]), np.array([[1.0, 2.0, 4.0, 8.0]]), both_to_the_first,
    ...     params={"axis": -1}).text)
    the gradient at the entries [2, 3] = 3.0 of the row [2.0, 1.0, 3.0, 3.0]:
      expected a vector majorised by the cotangent [4.0, 8.0]
      found    [12.0, 0.0]
    """
    case = _case(op, inputs, output, cotangent, gradients, dict(params or {}), dtype)
    roundoff = UNIT_ROUNDOFF[case.dtype] if unit_roundoff is None else Fraction(unit_roundoff)
    given = Adapter("given", (case.dtype,), {}, UNIT_ROUNDOFF, None, lambda *_: (output, gradients))
    precision = Precision.of(case.dtype, UNIT_ROUNDOFF | {case.dtype: roundoff})
    try:
        out, found = answer(given, case, with_gradients=gradients is not None)
    except Mismatch as mismatch:
        return _of_a_wrong_form(mismatch)
    try:
        comparisons = list(value_claims(case, out, precision))
        comparisons += list(gradient_claims(case, found, precision)) if gradients is not None else []
    except (KeyError, ValueError, IndexError) as error:  # the definitions refuse what has no meaning
        raise ValueError(
            f"judge_output: {op} has no meaning for these inputs and params {case.params}: {error}"
        ) from error
    return _verdict(comparisons)


def _case(
    op: str,
    inputs: Sequence[Array],
    output: Any,
    cotangent: Array | None,
    gradients: Sequence[Any] | None,
    params: dict[str, Any],
    dtype: str | None,
) -> Case:
    if op not in OPERATIONS:
        raise ValueError(f"judge_output: there is no operation {op!r}; there are {', '.join(OPERATIONS)}")
    arrays = tuple(np.asarray(array) for array in inputs)
    floats = [array for array in arrays if np.issubdtype(array.dtype, np.floating)]
    name = dtype if dtype is not None else floats[0].dtype.name if floats else ""
    if name not in FORMATS or any(array.dtype != FORMATS[name].carrier for array in floats):
        found = ", ".join(array.dtype.name for array in arrays)
        raise ValueError(
            f"judge_output: the inputs must share one dtype of {', '.join(FORMATS)}, got {found}, {dtype=}"
        )
    if gradients is not None and cotangent is None:
        raise ValueError("judge_output: gradients can only be judged with the cotangent that they belong to")
    for what, array in [*((f"input {i}", a) for i, a in enumerate(arrays)), ("the cotangent", cotangent)]:
        if array is not None and not np.isfinite(array).all():
            raise ValueError(f"judge_output: {what} has entries that are not finite, and these are not judged")
    shape = _result_shape(op, arrays, output)
    if cotangent is not None and np.shape(cotangent) != shape:
        raise ValueError(
            f"judge_output: the cotangent must have the shape {shape} of the result, got {np.shape(cotangent)}"
        )
    carrier = FORMATS[name].carrier
    return Case(
        op, name, arrays, params, np.zeros(shape, carrier) if cotangent is None else np.asarray(cotangent, carrier)
    )


def _result_shape(op: str, arrays: tuple[Array, ...], output: Any) -> tuple[int, ...]:
    """That which the result must have; the shape that it has where an operation is not known here."""
    if op == "affine":
        return arrays[0].shape[0], arrays[1].shape[0]
    if op == "network":  # x, then the weights, then the biases
        return arrays[0].shape[0], arrays[len(arrays) // 2].shape[0]
    if op in ("hinge", "cross_entropy", "kr", "hkr", "operator_norm", "spectral_norm"):
        return ()
    if op == "certified_radius":
        return arrays[0].shape[:1]
    same = op.startswith("project") or op in ("group_sort", "max_min", "full_sort", "bjorck", "spectral_normalize")
    return arrays[0].shape if same else np.shape(output)


def _of_a_wrong_form(mismatch: Mismatch) -> Verdict:
    text = f"{mismatch.claim}:\n  expected {mismatch.expected}\n  found    {mismatch.found}"
    return Verdict("FAIL", float("inf"), [], text)


def _verdict(comparisons: list[Comparison]) -> Verdict:
    ratios = [float(c.ratio) for c in comparisons if c.ratio == c.ratio]
    failed = [c for c in comparisons if c.ratio > 1]
    if failed:
        parts = [f"{c.what}:\n  expected {c.expected}\n  found    {c.found}" for c in failed]
        finite = max(ratios)
        over = f"\n  error {finite:.3g} times its bound" if np.isfinite(finite) and failed[0].kind != "kink" else ""
        return Verdict(
            "FAIL", finite, comparisons, parts[0] + over + f"\n(and {len(parts) - 1} more)" * (len(parts) > 1)
        )
    if not ratios:
        return Verdict("UNRESOLVED", float("nan"), comparisons, "no comparison could be made: there is no bound")
    return Verdict("PASS", max(ratios), comparisons, "")
