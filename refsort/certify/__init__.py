"""What a network guarantees: bounds of its layers' norms, its Lipschitz constant, certified radii and accuracies."""

from refsort.certify.lipschitz import LipschitzBound, lipschitz_bound
from refsort.certify.margins import certified_accuracy, certified_radius, margins
from refsort.certify.norms import operator_norm_bound
from refsort.certify.selection_norm import selection_norm_bound

__all__ = [  # noqa: RUF022 - from the weights to the guarantee
    "operator_norm_bound",
    "selection_norm_bound",
    "lipschitz_bound",
    "LipschitzBound",
    "margins",
    "certified_radius",
    "certified_accuracy",
]
