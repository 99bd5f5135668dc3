"""Flags that operations share: scales, precisions, sizes."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import EPSILON
from refsort.oracle.vectors.vector import Flag

SIZES: dict[str, Flag] = {
    "subnormal": Flag(
        "B7",
        "Entries of the smallest size that the format has: a sort must return them as they are, and a product with a "
        "whole number is exact. Flushing to zero, or an epsilon that is added or compared with, shows.",
        EPSILON,
    ),
    "huge": Flag(
        "B7",
        "Entries near the largest number of the format: squares, products and sums on the way overflow.",
        (),
    ),
    "scale": Flag(
        "B7",
        "Row and radius times a power of two, which commutes with the projection: an absolute epsilon shows.",
        EPSILON,
    ),
    "small": Flag(
        "B7",
        "Entries so small that a step is almost the factor 1 + c_1 + ... + c_p: an epsilon or a scaling shows.",
        EPSILON,
    ),
    "all-bits": Flag(
        "B19",
        "Entries that need all bits of the format, so that results must be rounded: operands that were cut to fewer "
        "bits (TF32, bfloat16 products) exceed the derived bound unless the lower precision is declared.",
        (),
    ),
    "lattice": Flag(
        "EDGE",
        "Whole numbers and simple fractions: wherever the tolerance says so nothing can be rounded, in any order of "
        "summation, and every difference is a bug.",
        (),
    ),
    "scale-invariance": Flag(
        "B7",
        "Inputs times a power of two far from 1: norms, losses and radii follow it exactly. An absolute epsilon, or a "
        "square that over- or underflows unscaled, shows.",
        EPSILON,
    ),
    "empty-batch": Flag(
        "B13",
        "No row at all: an empty result of the right shape, and gradients of parameters that are zero.",
        (),
    ),
}
