"""What answers the questions, one operation a file: exact results, admissible sets, and the oracle's bounds."""

from refsort.oracle.vectors.question import Solution
from refsort.oracle.vectors.solutions.affine import AFFINE
from refsort.oracle.vectors.solutions.bjorck import BJORCK
from refsort.oracle.vectors.solutions.certified_radius import CERTIFIED_RADIUS
from refsort.oracle.vectors.solutions.cross_entropy import CROSS_ENTROPY
from refsort.oracle.vectors.solutions.hinge import HINGE
from refsort.oracle.vectors.solutions.hkr import HKR
from refsort.oracle.vectors.solutions.kr import KR
from refsort.oracle.vectors.solutions.l1_ball import PROJECT_L1_BALL
from refsort.oracle.vectors.solutions.l2_ball import PROJECT_L2_BALL
from refsort.oracle.vectors.solutions.linf_ball import PROJECT_LINF_BALL
from refsort.oracle.vectors.solutions.network import NETWORK
from refsort.oracle.vectors.solutions.operator_norm import OPERATOR_NORM
from refsort.oracle.vectors.solutions.sorting import SORTING
from refsort.oracle.vectors.solutions.spectral_norm import SPECTRAL_NORM
from refsort.oracle.vectors.solutions.spectral_normalize import SPECTRAL_NORMALIZE

SOLUTIONS: dict[str, Solution] = {
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

__all__ = ["SOLUTIONS"]
