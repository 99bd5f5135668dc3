"""The classes of bugs that implementations of Lipschitz layers were met with, where they were met, and what names them.

The numbers are those of a survey of the libraries of this field; classes that no single call can show (vacuous tests,
convolutions) are left out. A thread is `repository#number`; one without an owner is a library of the field.
"""

from __future__ import annotations

from typing import NamedTuple


class BugClass(NamedTuple):
    """One class of bugs.

    Attributes
    ----------
    description : str
        One line.
    threads : tuple of str
        Issues and pull requests where users met it or where it was repaired.
    diagnoses : tuple of str
        The names that `refsort.oracle.diagnosis` gives to its members.
    """

    description: str
    threads: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()


BUGS: dict[str, BugClass] = {
    "B1": BugClass(
        "the backward is not the derivative of the forward, while every forward test passes",
        ("pytorch/pytorch#12737", "pytorch/pytorch#13350"),
        (
            "identity as gradient",
            "inverse permutation",
            "reversed gradient",
            "constant factor in the gradient",
            "sign of the gradient",
            "gradient averaged over the batch",
            "gradient not summed over the batch",
            "transposed gradient",
            "gradient of the last step only",
            "gradient without the Gram matrix",
            "Gram matrix not symmetrised",
            "gradient of soft-thresholding",
            "signs forgotten in the gradient",
            "no gradient outside",
            "cotangent ignored",
            "gradient of the square",
            "gradient of another norm",
            "gradient of a sum",
            "gradients exchanged",
            "detached norm",
            "division missing in the gradient",
            "sign of the second term",
            "number of classes in the gradient",
            "parameter missing in the gradient",
            "part missing in the gradient",
            "no gradient at the label",
            "sort skipped in the gradient",
            "gradient of the last layer only",
            "inputs of another layer",
        ),
    ),
    "B2": BugClass("there is no gradient at all", ("pytorch/pytorch#13350",), ("no gradient",)),
    "B3": BugClass(
        "at a tie or another kink the gradient is none of the admissible ones, and may have norm above 1",
        (
            "pytorch/pytorch#56734",
            "pytorch/pytorch#57166",
            "pytorch/pytorch#184572",
            "kornia/kornia#4184",
            "L_inf-dist-net#1",
        ),
        (
            "all gradients to the first at ties",
            "all gradients to the last at ties",
            "all gradients to each at ties",
            "no gradient at ties",
            "no gradient on the sphere",
            "slope at corners",
        ),
    ),
    "B4": BugClass(
        "Bjorck's iteration is not what its parameters say, or has not converged",
        ("cemanil/LNets#6", "Moonlight#22"),
        ("number of steps", "steps cut off", "polar factor", "coefficients"),
    ),
    "B5": BugClass(
        "Bjorck's iteration outside of its basin turns to minus the polar factor, infinity or NaN",
        (),
        ("sign flipped",),
    ),
    "B6": BugClass("power iteration underestimates the spectral norm", (), ("estimate from below",)),
    "B7": BugClass(
        "an absolute epsilon breaks scale invariance, or 0/0 gives NaN",
        ("pytorch/pytorch#20192", "Emerging-Optimizers#229", "OneLipschitzLayersCompared#2"),
        ("NaN for a zero", "absolute epsilon"),
    ),
    "B8": BugClass(
        "state left from an earlier call changes the answer",
        ("pytorch/pytorch#51800", "pytorch/pytorch#8208", "deel-torchlip#17"),
        ("state between calls",),
    ),
    "B9": BugClass(
        "tightness is lost: a factor makes the layer less than 1-Lipschitz",
        (),
        ("scaled first", "constant factor in the result", "normalised only above 1"),
    ),
    "B10": BugClass(
        "a Lipschitz constant is ignored, or dropped on export",
        (),
        ("Lipschitz constant ignored", "Lipschitz constant misplaced"),
    ),
    "B11": BugClass(
        "layout of pairs and groups, order, and the number of groups taken for the group size",
        ("cemanil/LNets#8", "singlasahil14/SOC#4"),
        (
            "descending",
            "halves",
            "blocks",
            "descending halves",
            "descending blocks",
            "ascending",
            "group count",
            "full sort",
            "CReLU",
            "other weight layout",
            "transposed weight",
            "bias missing",
            "bias twice",
            "bias subtracted",
            "bias after the sort",
            "sort after the last layer",
            "sort before the first layer",
            "sort missing",
            "another shape",
        ),
    ),
    "B12": BugClass(
        "the axis: negative, not the last, or hard-coded",
        ("cemanil/LNets#7",),
        ("last axis", "first axis", "second axis", "flattened", "columns for rows", "whole matrix"),
    ),
    "B13": BugClass("sizes: divisibility, group sizes 0 and above the features, empty and one-dimensional data"),
    "B14": BugClass(
        "a projection on a ball that moves interior points, zeros or signs, or is no projection",
        (
            "odlgroup/odl#1613",
            "odlgroup/odl#1614",
            "lanl/scico#619",
            "pralab/secml-torch#109",
            "daducci/COMMIT#73",
        ),
        (
            "sphere for ball",
            "rescaled rows",
            "clipped entries",
            "soft-thresholding by the radius",
            "threshold without a search",
            "simplex for ball",
            "l2 ball for l1 ball",
            "another ball",
            "one side clipped",
            "wrong power of the radius",
        ),
    ),
    "B15": BugClass(
        "which norms compose with which; constants multiply",
        ("MonotonicNetworks#8", "MonotonicNetworks#11"),
        ("another norm", "norm of the transpose", "mean for maximum", "square root missing"),
    ),
    "B16": BugClass(
        "the divisor or the margin of a certificate, or a last layer that is not 1-Lipschitz",
        ("SLL#2", "deel-torchlip#15"),
        ("certificate divisor", "negative radius", "margin of the prediction", "margin of one logit"),
    ),
    "B17": BugClass("an estimator of Lipschitz constants is wrong", ("deel-lip#93", "deel-lip#30")),
    "B18": BugClass(
        "losses: NaN for a missing class or large logits, half of a margin, conventions of alpha, divisors",
        ("deel-lip#28",),
        (
            "sum for mean",
            "number of classes",
            "margin convention",
            "margin of the label kept",
            "largest other class alone",
            "temperature inverted",
            "another base of the logarithm",
            "exponentials overflow",
            "absolute value",
            "sign of kr",
            "kr missing",
            "hinge missing",
            "hinge of each sample",
            "factor in the hinge",
            "alpha convention",
        ),
    ),
    "B19": BugClass(
        "low precision is not supported, or is used unasked",
        ("pytorch/pytorch#9315", "transformers#47252", "adapters#772"),
        ("lower precision",),
    ),
    "B20": BugClass("NaN in the input poisons a pair, or moves"),
    "B22": BugClass(
        "a parameter is ignored",
        (),
        (
            "group size ignored",
            "nothing sorted",
            "beta ignored",
            "order ignored",
            "radius ignored",
            "margin ignored",
            "temperature ignored",
            "alpha ignored",
            "nothing normalised",
        ),
    ),
    "B23": BugClass("rectangular matrices: wide taken for tall", ("deel-lip#73",)),
}
"""By number, in the order of the survey."""

_CLASS_OF = {name: number for number, bug in BUGS.items() for name in bug.diagnoses}


def class_of(diagnosis: str) -> str:
    """The number of the class that a diagnosis belongs to.

    Examples
    --------
    >>> class_of("halves"), BUGS[class_of("halves")].threads
    ('B11', ('cemanil/LNets#8', 'singlasahil14/SOC#4'))
    """
    return _CLASS_OF[diagnosis]
