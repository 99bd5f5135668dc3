"""One case put to one adapter: the call, what any answer must keep to, and the comparisons with the truth.

Of any answer it is asked: no exception, a result and gradients of the right shape and dtype with finite entries, inputs
that are left as they were, and the same bits for the same call.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.adapter import Adapter, one_line
from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.conventions import Convention, moved, moved_back
from refsort.oracle.operations import OPERATIONS, gradient_claims, value_claims
from refsort.oracle.operations.network import layer_claims
from refsort.oracle.operations.sorting import group_size
from refsort.oracle.subnormals import may_meet_subnormals
from refsort.oracle.tolerances import Precision
from refsort.rounding import NoBoundError

Array = NDArray[Any]

LARGEST = 1e300  # stands for infinity, which JSON has no word for


class Mismatch(Exception):
    """An answer that no correct implementation gives.

    Attributes
    ----------
    case : Case
        What was asked, in refsort's own layout.
    claim : str
        What was violated.
    expected, found : str
        The exact result or the admissible set, and the answer.
    ratio : float or None
        Error over bound, where the claim is a comparison.
    kind : str
        The kind of the comparison, or "call" where there was no answer or one of the wrong form.
    """

    def __init__(
        self, case: Case, claim: str, expected: str, found: str, ratio: float | None = None, kind: str = "call"
    ) -> None:
        super().__init__(f"{case.op} {case.dtype}: {claim}: expected {expected}, found {found}")
        self.case, self.claim, self.expected, self.found = case, claim, expected, found
        self.ratio, self.kind = ratio, kind


class Judgement(NamedTuple):
    """What one case showed, where nothing was wrong.

    Attributes
    ----------
    comparisons : list of Comparison
        Those that passed; where no bound exists, none was made.
    gradients : bool
        Whether the adapter gave any; it may raise `NotImplementedError` where a cotangent is given.
    """

    comparisons: list[Comparison]
    gradients: bool


def judge(adapter: Adapter, case: Case) -> Judgement:
    """Put `case` to `adapter` and compare its answer with the truth.

    Raises
    ------
    Mismatch
        For an answer that is wrong.
    NotImplementedError
        Where the adapter does not have the operation.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.oracle.adapter import load
    >>> x, g = np.array([[2.0, 1.0, 3.0, 3.0]]), np.array([[1.0, 2.0, 4.0, 8.0]])
    >>> [c.kind for c in judge(load("numpy"), Case("max_min", "float64", (x,), {"axis": -1}, g)).comparisons]
    ['value', 'gradient', 'gradient', 'kink']
    """
    if adapter.ops is not None and case.op not in adapter.ops:
        raise NotImplementedError
    if adapter.flushes_subnormals and may_meet_subnormals(case):
        raise NotImplementedError("subnormals are flushed to zero, as declared")
    precision = Precision.of(case.dtype, adapter.unit_roundoff)
    out, _ = answer(adapter, case, with_gradients=False)
    _require_same_bits(case, "result", [out], [answer(adapter, case, with_gradients=False)[0]])
    comparisons = [*_layer_by_layer(adapter, case, out, precision), *_passed(case, value_claims(case, out, precision))]
    if OPERATIONS[case.op].gradients is None:
        return _judgement(comparisons, gradients=False)
    try:
        beside, gradients = answer(adapter, case, with_gradients=True)
    except NotImplementedError:
        return _judgement(comparisons, gradients=False)
    if beside.tobytes() != out.tobytes():  # computed another way when a gradient is wanted: judged as well
        comparisons += _passed(case, value_claims(case, beside, precision))
    comparisons += _passed(case, gradient_claims(case, gradients, precision))
    _require_same_bits(case, "gradients", gradients, answer(adapter, case, with_gradients=True)[1])
    return _judgement(comparisons, gradients=True)


def _layer_by_layer(adapter: Adapter, case: Case, out: Array, precision: Precision) -> list[Comparison]:
    """Each layer of a network from its own input, where hidden outputs are offered: the first wrong one is named."""
    if adapter.taps is None or case.op != "network":
        return []
    weights = case.arrays[1 : len(case.arrays) // 2 + 1]
    try:
        hidden = adapter.taps([array.copy() for array in case.arrays], dict(case.params), case.dtype)
    except Exception as error:
        raise Mismatch(case, "taps raised", "the outputs of the hidden layers", one_line(error)) from error
    if not isinstance(hidden, list | tuple) or len(hidden) != len(weights) - 1:
        raise Mismatch(case, "the form of taps", f"a list of {len(weights) - 1} hidden outputs", _kind(hidden))
    like = [np.empty((len(case.arrays[0]), len(w)), case.arrays[0].dtype) for w in weights[:-1]]
    checked = [
        _checked(case, f"hidden output {i + 1}", h, x) for i, (h, x) in enumerate(zip(hidden, like, strict=True))
    ]
    return _passed(case, layer_claims(case, checked, out, precision))


def _passed(case: Case, claims: Iterator[Comparison]) -> list[Comparison]:
    try:
        comparisons = list(claims)
    except NoBoundError:  # arithmetic so coarse that nothing can be said of this case
        return []
    for comparison in comparisons:
        if comparison.ratio > 1:  # not so for NaN, where there is no bound
            what, expected, found = comparison.what, comparison.expected, comparison.found
            raise Mismatch(case, what, expected, found, float(min(comparison.ratio, LARGEST)), comparison.kind)
    return comparisons


def _judgement(comparisons: list[Comparison], gradients: bool) -> Judgement:
    made = [comparison for comparison in comparisons if comparison.ratio == comparison.ratio]
    return Judgement(made, gradients)


def answer(adapter: Adapter, case: Case, with_gradients: bool) -> tuple[Array, list[Any]]:
    """The result and, where wanted, the gradients, in refsort's layout, checked for all but their values."""
    axis, enter, leave = _places(adapter.conventions.get(case.op), case)
    arrays = [moved(array, enter, axis) if enter is not None else array.copy() for array in case.arrays]
    cotangent = moved(case.cotangent, leave, axis) if leave is not None else case.cotangent.copy()
    given = [*arrays, cotangent]
    before = [array.tobytes() for array in given]
    try:
        with warnings.catch_warnings():  # a warning is no answer; what is returned is judged
            warnings.simplefilter("ignore")
            answer = adapter.call(case.op, arrays, dict(case.params), cotangent if with_gradients else None, case.dtype)
    except NotImplementedError:
        raise
    except (Exception, SystemExit) as error:  # whatever an adapter raises is its answer
        if any(array.size == 0 for array in arrays):  # an empty batch may be refused; computed, it is judged
            raise NotImplementedError(f"an empty batch: {one_line(error)}") from error
        raise Mismatch(case, "the call raised", "an answer", one_line(error)) from error
    for array, bits in zip(given, before, strict=True):
        if array.tobytes() != bits:
            raise Mismatch(case, "an input was written to", "inputs left as they were", str(array.tolist()))
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Mismatch(case, "the form of the answer", "a pair (result, gradients or None)", _kind(answer))
    out = _checked(case, "the result", answer[0], case.cotangent)
    gradients = _gradients(case, answer[1]) if with_gradients else []
    if enter is None or leave is None:
        return out, gradients
    back = [gradient if gradient is None else moved_back(gradient, enter, axis) for gradient in gradients]
    return moved_back(out, leave, axis), back


def _places(convention: Convention | None, case: Case) -> tuple[int, Array | None, Array | None]:
    if convention is None:
        return 0, None, None
    axis: int = case.params["axis"]
    return axis, *convention.places(case.arrays[0].shape[axis], group_size(case))


def _gradients(case: Case, gradients: Any) -> list[Any]:
    if not isinstance(gradients, list | tuple) or len(gradients) != len(case.arrays):
        raise Mismatch(
            case,
            "the form of the gradients",
            f"a list of {len(case.arrays)}, one for each array (or NotImplementedError)",
            f"{len(gradients)} of them" if isinstance(gradients, list | tuple) else _kind(gradients),
        )
    return [
        _checked(case, f"gradient {i}", gradient, array) if array.dtype.kind == "f" else None  # labels have none
        for i, (gradient, array) in enumerate(zip(gradients, case.arrays, strict=True))
    ]


def _checked(case: Case, what: str, found: Any, like: Array) -> Array:
    """`found` as an array of the shape and dtype of `like`, with finite entries; a NumPy scalar is a 0-d array."""
    found = np.asarray(found) if isinstance(found, np.generic) else found
    if not isinstance(found, np.ndarray) or found.shape != like.shape or found.dtype != like.dtype:
        raise Mismatch(case, f"the shape and dtype of {what}", f"an ndarray {like.shape} {like.dtype}", _kind(found))
    if not np.isfinite(found).all():
        raise Mismatch(case, f"finite entries in {what}", "finite numbers", str(found.tolist()))
    return found.copy()


def _kind(found: Any) -> str:
    return f"an ndarray {found.shape} {found.dtype}" if isinstance(found, np.ndarray) else type(found).__name__


def _require_same_bits(case: Case, what: str, first: Sequence[Any], second: Sequence[Any]) -> None:
    first, second = ([array for array in arrays if array is not None] for arrays in (first, second))
    if [array.tobytes() for array in first] != [array.tobytes() for array in second]:
        shown = " and then ".join(str([array.tolist() for array in arrays]) for arrays in (first, second))
        raise Mismatch(case, f"the same {what} for the same call", "the same bits twice", shown)
