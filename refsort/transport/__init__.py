"""Wasserstein distances W_1: exact ones with their certificates, known ones, and what a critic proves."""

from refsort.transport.closed_forms import cone_distance, dirac_distance, shell_distance, shift_distance
from refsort.transport.critic import CriticBound, critic_lower_bound
from refsort.transport.exact import Transport, wasserstein1

__all__ = [  # noqa: RUF022 - the distance, distances that are known, bounds
    "wasserstein1",
    "Transport",
    "dirac_distance",
    "shift_distance",
    "shell_distance",
    "cone_distance",
    "critic_lower_bound",
    "CriticBound",
]
