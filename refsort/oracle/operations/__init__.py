"""The operations that are judged, one object a file: its cases, its exact result, its claims and their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from refsort.oracle.claims import Claims
from refsort.oracle.operations.affine import AFFINE
from refsort.oracle.operations.bjorck import BJORCK
from refsort.oracle.operations.certified_radius import CERTIFIED_RADIUS
from refsort.oracle.operations.cross_entropy import CROSS_ENTROPY
from refsort.oracle.operations.exactly import Array, exact
from refsort.oracle.operations.hinge import HINGE
from refsort.oracle.operations.hkr import HKR
from refsort.oracle.operations.kr import KR
from refsort.oracle.operations.l1_ball import PROJECT_L1_BALL
from refsort.oracle.operations.l2_ball import PROJECT_L2_BALL
from refsort.oracle.operations.linf_ball import PROJECT_LINF_BALL
from refsort.oracle.operations.network import NETWORK
from refsort.oracle.operations.operation import Case, Operation
from refsort.oracle.operations.operator_norm import OPERATOR_NORM
from refsort.oracle.operations.sorting import SORTING
from refsort.oracle.operations.spectral_norm import SPECTRAL_NORM
from refsort.oracle.operations.spectral_normalize import SPECTRAL_NORMALIZE
from refsort.oracle.tolerances import Precision

__all__ = ["OPERATIONS", "Case", "Operation", "gradient_claims", "value_claims"]

OPERATIONS: dict[str, Operation] = {
    "group_sort": SORTING,
    "max_min": SORTING,
    "full_sort": SORTING,
    "affine": AFFINE,
    "bjorck": BJORCK,
    "spectral_norm": SPECTRAL_NORM,
    "spectral_normalize": SPECTRAL_NORMALIZE,
    "project_l1_ball": PROJECT_L1_BALL,
    "project_l2_ball": PROJECT_L2_BALL,
    "project_linf_ball": PROJECT_LINF_BALL,
    "operator_norm": OPERATOR_NORM,
    "hinge": HINGE,
    "cross_entropy": CROSS_ENTROPY,
    "kr": KR,
    "hkr": HKR,
    "certified_radius": CERTIFIED_RADIUS,
    "network": NETWORK,
}
"""By name, in the order of the report."""


def value_claims(case: Case, out: Array, precision: Precision) -> Claims:
    """The comparisons of a result, whose shape and dtype are right and whose entries are finite."""
    return OPERATIONS[case.op].values(case, exact(out), precision)


def gradient_claims(case: Case, gradients: Sequence[Any], precision: Precision) -> Claims:
    """The comparisons of the gradients, one for each array of the case, None for arrays of integers."""
    claims = OPERATIONS[case.op].gradients
    if claims is None:
        return iter(())
    return claims(case, [None if gradient is None else exact(gradient) for gradient in gradients], precision)
