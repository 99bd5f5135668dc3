"""Flags of losses, certificates and whole networks."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import BACKWARD, CERTIFICATE, LAYOUT, MISSING, OVERFLOW, TIES
from refsort.oracle.vectors.vector import Flag

LOSSES: dict[str, Flag] = {
    "every-class": Flag(
        "B18",
        "Three classes: the hinge is a sum over all other classes, not that of the largest other logit alone.",
        (),
    ),
    "batch-mean": Flag("B18", "The loss is a mean over the batch, and its gradient too: sums show.", ()),
    "missing-class": Flag(
        "B18",
        "A class without a sample, or one that has them all: means class by class divide 0 by 0.",
        MISSING,
    ),
    "hinge-margin": Flag("B18", "Margins other than 1: one that is ignored, halved or doubled shows.", ()),
    "open-hinge": Flag(
        "B1",
        "A hinge is open: its logit gets a share of the gradient, and the label's what all of them got, negated.",
        (),
    ),
    "corner": Flag(
        "B3",
        "A hinge exactly at its corner: open or closed or anything between. Each counts in its own logit and, negated, "
        "in the label's.",
        TIES,
    ),
    "satisfied": Flag(
        "B18",
        "All hinges are closed: the loss is zero and so is the gradient. A term j = t, which is the margin, shows.",
        (),
    ),
    "equal-logits": Flag("EDGE", "Equal logits: the loss is log k, and the softmax 1 / k.", ()),
    "small-logits": Flag(
        "B1",
        "Each label in turn: the gradient is the softmax, less 1 at the label, and its entries sum to zero.",
        (),
    ),
    "temperature": Flag(
        "B22",
        "The temperature multiplies logits, and the gradient once more: one that is ignored or divided by shows.",
        (),
    ),
    "entropy-margin": Flag(
        "B22",
        "The margin is taken from the label's logit before the temperature: ignored, added, or taken from the others, "
        "it shows.",
        (),
    ),
    "confident": Flag(
        "B19",
        "One logit far above: the loss is near zero for its label, or as large as the difference for another.",
        ("FluxML/NNlib.jl#68",),
    ),
    "offset-logits": Flag(
        "B7",
        "A number added to all logits changes nothing: without a shift the exponential overflows, and a loss that adds "
        "the shift back before it subtracts loses its digits.",
        OVERFLOW,
    ),
    "sample-means": Flag("B18", "Means over each sample: sums, or their gradients without 1 / n, show.", ()),
    "unequal-samples": Flag(
        "B18",
        "Samples of different sizes: a mean over both at once, or half the sum of two means for the hinge, gives other "
        "weights.",
        MISSING,
    ),
    "p-minus-q": Flag("B18", "Single values: the mean on P less that on Q; hkr is minimised and takes it negated.", ()),
    "alpha": Flag(
        "B18",
        "The weight of the hinge, 0 among them: alpha kr + hinge, (1 - alpha) kr, and alpha ignored show.",
        (),
    ),
    "divisor": Flag(
        "B16",
        "Every p: the margin is divided by 2^((p-1)/p), which is 1, sqrt 2, ... , 2. The divisor of another norm "
        "certifies too much or too little.",
        CERTIFICATE,
    ),
    "constant": Flag("B10", "Lipschitz constants other than 1: one that is ignored, or multiplied by, shows.", ()),
    "runner-up": Flag(
        "B16",
        "More classes, negative logits: the margin is that to the largest other logit, not to 0.",
        (),
    ),
    "wrong-prediction": Flag(
        "B16",
        "The label is not the prediction: the radius is zero, not negative, and not that of the prediction.",
        (),
    ),
    "tied-margin": Flag("B16", "A tied prediction certifies nothing: the radius is exactly zero.", ()),
    "backpropagation": Flag(
        "B1",
        "All gradients of a whole network, by the chain rule at a point without ties: each layer's passes through the "
        "sort above it.",
        BACKWARD,
    ),
    "one-layer": Flag("EDGE", "A network of one layer is an affine map.", ()),
    "no-last-sort": Flag(
        "B16", "The last layer has no activation: sorted results show.", ("deel-ai/deel-torchlip#15",)
    ),
    "network-groups": Flag("B11", "Group sizes 2, 3 and 4 in hidden layers.", LAYOUT),
    "hidden-tie": Flag(
        "B3",
        "Ties in a hidden layer: the result alone is judged. Products of the layers' admissible gradients need not be "
        "admissible for the network, so that nothing is said of them.",
        TIES,
    ),
    "layer-scales": Flag("B7", "Small and large inputs, so that offsets or products dominate.", ()),
}
