"""Attacks: searches for inputs near given ones that a network gets wrong, every one of them inside its ball exactly."""

from refsort.certify.attacks.adversarial import WeakSpot, boundary_inputs, weak_spots
from refsort.certify.attacks.attack import Attack, attacked_accuracy
from refsort.certify.attacks.distance import within
from refsort.certify.attacks.fgsm import fgsm
from refsort.certify.attacks.objective import cross_entropy_loss, margin_loss
from refsort.certify.attacks.pgd import constant_step, decaying_step, pgd
from refsort.certify.attacks.refuted import Refuted, refuted_certificates
from refsort.certify.attacks.rounding_attack import Counterexamples, rounding_attack

__all__ = [  # noqa: RUF022 - from a step to a refutation
    "Attack",
    "attacked_accuracy",
    "fgsm",
    "pgd",
    "margin_loss",
    "cross_entropy_loss",
    "constant_step",
    "decaying_step",
    "rounding_attack",
    "Counterexamples",
    "refuted_certificates",
    "Refuted",
    "weak_spots",
    "boundary_inputs",
    "WeakSpot",
    "within",
]
