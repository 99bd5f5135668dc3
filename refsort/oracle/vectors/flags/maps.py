"""Flags of the affine map and of Bjorck's iteration."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import BACKWARD
from refsort.oracle.vectors.vector import Flag

MAPS: dict[str, Flag] = {
    "impulse": Flag(
        "B1",
        "A weight with a single 1: each entry of the result and of the gradients comes from one place.",
        (),
    ),
    "rectangle": Flag(
        "B23",
        "Pairwise distinct sizes: a weight that is read in the other orientation, (in, out), shows.",
        ("deel-ai/deel-lip#73",),
    ),
    "square": Flag(
        "B23",
        "A square weight that is not symmetric: the other orientation has the same shape and other values.",
        ("deel-ai/deel-lip#73",),
    ),
    "one-by-one": Flag("EDGE", "One feature in, one out: every sum has a single term.", ()),
    "bias": Flag(
        "B22",
        "Input or weight zero: what is left is the offset, and the gradients that do not depend on what is zero.",
        (),
    ),
    "batch-sum": Flag(
        "B1",
        "Batches of several sizes: the gradients of weight and offset are sums over the batch, not means.",
        (),
    ),
    "cancellation": Flag(
        "B19",
        "Large terms that cancel. What is left depends on the order of summation; the bound allows every order and no "
        "more.",
        (),
    ),
    "scalar": Flag(
        "B5",
        "A single singular value s in the basin: a step of order 1 makes it s (1 + (1 - s^2) / 2), by hand.",
        (),
    ),
    "wide": Flag("B23", "More columns than rows: orthonormal rows are wanted.", ("deel-ai/deel-lip#73",)),
    "tall": Flag("B23", "More rows than columns: orthonormal columns are wanted.", ("deel-ai/deel-lip#73",)),
    "order": Flag(
        "B22",
        "Orders 2 and 3 beside 1: the coefficients 1/2, 3/8, 5/16 of the powers of I - A^T A.",
        (),
    ),
    "beta": Flag("B22", "A coefficient other than 1/2, which order 1 takes as a parameter.", ()),
    "steps": Flag(
        "B22",
        "The iterate after exactly so many steps, none included: a fixed number of steps, one more or less, or a stop "
        "at convergence shows.",
        (),
    ),
    "detached": Flag(
        "B1",
        "The gradient goes through the whole iteration. A cotangent that is passed on as it is, or through the last "
        "factor alone, leaves every forward test green.",
        BACKWARD,
    ),
    "zero-matrix": Flag("B5", "Zero stays zero, and no 0 / 0 appears; the gradient is the cotangent times g'(0).", ()),
    "rank-deficient": Flag(
        "B5",
        "Singular values that are zero stay zero: a matrix that is not of full rank does not become orthonormal.",
        (),
    ),
    "orthonormal": Flag(
        "B5",
        "Orthonormal rows or columns are a fixed point; the gradient is the cotangent less its symmetric part.",
        (),
    ),
    "near-orthonormal": Flag(
        "B5",
        "Rotations by the angles of 3-4-5, 5-12-13 and 8-15-17 triangles, rounded to eight bits: near the fixed point.",
        (),
    ),
    "sign-flip": Flag(
        "B5",
        "Singular values between sqrt 3 and sqrt 5: order 1 turns to minus the polar factor, which is orthonormal as "
        "well and passes every check of orthonormality. From 2 it takes exactly one step. Order 3 does so between "
        "1.589 and sqrt 3.",
        (),
    ),
    "divergence": Flag(
        "B5",
        "Singular values above sqrt 5: iterates of order 1 grow. The exact ones are wanted, not clipped or rescaled.",
        (),
    ),
    "unscaled": Flag(
        "B9",
        "The iteration is wanted as it is: a division by sqrt(m n) or by a norm beforehand gives another iterate.",
        (),
    ),
}
