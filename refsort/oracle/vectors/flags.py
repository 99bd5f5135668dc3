"""Why vectors exist: for each flag the class of bugs, the reason, and the threads where the world met it.

The classes: B1 a backward that is not the derivative of its forward, B3 ties, B5 the domain of Bjorck's iteration,
B7 scale, B9 lost tightness, B10 a dropped factor, B11 layout, B12 axis, B13 sizes of groups, B14 projections that do
not leave the inside alone, B19 low precision, B22 ignored parameters, B23 rectangles; EDGE is the edge of a domain.
"""

from __future__ import annotations

from refsort.oracle.vectors.format import Flag

_TIES = ("pytorch/pytorch#56734", "pytorch/pytorch#184572", "kornia/kornia#4184")
_BACKWARD = ("pytorch/pytorch#12737", "pytorch/pytorch#13350")
_BALL = ("odlgroup/odl#1613", "odlgroup/odl#1614", "lanl/scico#619", "pralab/secml-torch#109", "daducci/COMMIT#73")
_EPSILON = ("pytorch/pytorch#32137", "NVIDIA-NeMo/Emerging-Optimizers#229")
_LAYOUT = ("cemanil/LNets#8", "singlasahil14/SOC#4")

FLAGS: dict[str, Flag] = {
    # sorts
    "permutation": Flag(
        "B1",
        "All orders of distinct entries, with a cotangent that spells out where each of its entries went: the gradient "
        "is the inverse of the permutation that sorts. Random directions hardly notice a wrong permutation.",
        ("pytorch/pytorch#57166",),
    ),
    "tie": Flag(
        "B3",
        "Entries of one group are equal. The gradient must be majorised by the cotangent of the block: any permutation "
        "or mean of it. Both cotangents given to one entry make a Jacobian of norm sqrt 2; none given loses gradient.",
        _TIES,
    ),
    "near-tie": Flag(
        "B19",
        "Entries that differ by a few units in the last place are not tied. A comparison in fewer bits, or with a "
        "tolerance, merges or swaps them.",
        (),
    ),
    "signed-zero": Flag(
        "B3",
        "+0 and -0 are equal, hence tied: a sort by bit pattern may order them, and its gradient must stay admissible.",
        _TIES,
    ),
    "signed-cotangent": Flag(
        "B1",
        "Cotangents with negative entries and zeros: a gradient made of absolute values or of comparisons with the "
        "cotangent shows.",
        (),
    ),
    "neighbours": Flag(
        "B11",
        "Several groups: refsort sorts neighbours, ascending. Halves (i with i + d / 2), blocks (all minima, then all "
        "maxima) and descending order give other results unless they are declared.",
        _LAYOUT,
    ),
    "group-count": Flag(
        "B11",
        "group_size is the number of entries in a group, not the number of groups.",
        _LAYOUT,
    ),
    "group-of-one": Flag(
        "B13",
        "Groups of one entry: the identity, in result and gradient.",
        (),
    ),
    "axis": Flag(
        "B12",
        "Two and three dimensions with pairwise distinct sides, every axis by its positive and its negative number: a "
        "fixed axis, a swapped one, and a cotangent that is not moved along with the data show.",
        ("cemanil/LNets#7",),
    ),
    "one-dimensional": Flag(
        "B13",
        "A single vector, without a batch axis.",
        (),
    ),
    # scales of all operations
    "subnormal": Flag(
        "B7",
        "Entries of the smallest size that the format has: a sort must return them as they are, and a product with a "
        "whole number is exact. Flushing to zero, or an epsilon that is added or compared with, shows.",
        _EPSILON,
    ),
    "huge": Flag(
        "B7",
        "Entries near the largest number of the format: squares, products and sums on the way overflow.",
        (),
    ),
    "scale": Flag(
        "B7",
        "Row and radius times a power of two, which commutes with the projection: an absolute epsilon shows.",
        _EPSILON,
    ),
    "small": Flag(
        "B7",
        "Entries so small that a step is almost the factor 1 + c_1 + ... + c_p: an epsilon or a scaling shows.",
        _EPSILON,
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
    # the affine map
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
    # Bjorck's iteration
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
        _BACKWARD,
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
    # the l1 ball
    "inside": Flag(
        "B14",
        "A row inside of the ball is its own projection and the gradient is the cotangent: the formula for the sphere, "
        "applied inside, moves it. The most frequent published bug of projections.",
        _BALL,
    ),
    "zero-row": Flag("B14", "The zero row stays zero: signs and quotients of zero show.", _BALL),
    "sphere": Flag(
        "B14",
        "A row on the sphere stays. Its gradient lies in the hull of those from inside and from outside.",
        _BALL,
    ),
    "outside": Flag(
        "B1",
        "A row outside: every entry moves towards zero by one threshold, or to zero. The gradient subtracts the signed "
        "mean over the kept entries; soft thresholding alone forgets that.",
        (),
    ),
    "threshold-tie": Flag(
        "B3",
        "An entry whose size equals the threshold: it may count as kept or not, and the gradient lies in the hull.",
        (),
    ),
    "radius": Flag("B10", "One row, many radii: a radius that is ignored or fixed to 1 shows.", ()),
    "support": Flag(
        "B14",
        "Every number of kept entries: a search that stops too early, or counts from the wrong end, shows.",
        ("odlgroup/odl#1613",),
    ),
    "rows": Flag(
        "B12",
        "Several rows of different kinds: each is projected on its own, not the columns and not the whole matrix.",
        (),
    ),
}
