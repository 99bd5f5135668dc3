"""What a network guarantees: its layers' norms, its Lipschitz constant, certified radii and accuracies; and attacks."""

from refsort.certify.attacks import (
    Attack,
    Counterexamples,
    Refuted,
    WeakSpot,
    attacked_accuracy,
    boundary_inputs,
    constant_step,
    cross_entropy_loss,
    decaying_step,
    fgsm,
    margin_loss,
    pgd,
    refuted_certificates,
    rounding_attack,
    weak_spots,
)
from refsort.certify.evaluation import Evaluation, evaluation_error
from refsort.certify.lipschitz import LipschitzBound, lipschitz_bound
from refsort.certify.lower_bound import LowerBound, lipschitz_lower_bound
from refsort.certify.margins import certified_accuracy, certified_radius, margins, share_above
from refsort.certify.norms import operator_norm_bound
from refsort.certify.radii import Radii, sound_accuracy, sound_radius
from refsort.certify.report import Robustness, robustness
from refsort.certify.selection_norm import selection_norm_bound

__all__ = [  # noqa: RUF022 - from the weights to the guarantee
    "operator_norm_bound",
    "selection_norm_bound",
    "lipschitz_bound",
    "LipschitzBound",
    "lipschitz_lower_bound",
    "LowerBound",
    "margins",
    "certified_radius",
    "certified_accuracy",
    "share_above",
    "evaluation_error",
    "Evaluation",
    "sound_radius",
    "sound_accuracy",
    "Radii",
    "fgsm",
    "pgd",
    "margin_loss",
    "cross_entropy_loss",
    "constant_step",
    "decaying_step",
    "Attack",
    "attacked_accuracy",
    "rounding_attack",
    "Counterexamples",
    "refuted_certificates",
    "Refuted",
    "weak_spots",
    "boundary_inputs",
    "WeakSpot",
    "robustness",
    "Robustness",
]
