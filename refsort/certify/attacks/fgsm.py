"""The fast gradient sign method (Goodfellow et al. 2015), and its like in the 2-norm: one step to the ball's edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.attacks.attack import Attack, finish, problem
from refsort.certify.attacks.ball import Box
from refsort.certify.attacks.objective import Loss, input_gradient, margin_loss
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array
from refsort.ops.row_norms import dual_order, norm_gradient


def fgsm(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radius: ArrayLike,
    p: float = 2,
    box: Box | None = None,
    *,
    loss: Loss = margin_loss,
) -> Attack:
    """Move each input as far as the radius allows along the direction that increases the loss most at the input.

    ``x + r argmax { <g, v> : ||v||_p <= 1 }``, g the gradient of the loss: ``r sign(g)`` for p = inf and
    ``r g / ||g||_2`` for p = 2, projected on the box and the ball. Exact for a linear classifier of two classes without
    a box.

    Parameters
    ----------
    network, params
        Folded or not; the weights that are used are computed once.
    x : array_like, (n, d)
        In the dtype of the parameters: float16, float32 or float64; finite, and inside the box.
    labels : array_like of int, (n,)
        The true classes.
    radius : float or array_like, (n,)
        Positive, between 1e-100 and 1e100.
    p : {2, inf}
        The norm that the radius is in.
    box : (lo, hi) or None
        What the entries of an input may be; (0, 1) for images.
    loss : Loss
        `margin_loss` or `cross_entropy_loss`.

    Returns
    -------
    Attack

    Raises
    ------
    TypeError, ValueError
        For arguments that are not as above and for logits that are not finite.

    Notes
    -----
    Two forward passes and one backward pass over all inputs, and one forward pass for the outcome.

    References
    ----------
    .. [1] I. Goodfellow, J. Shlens, C. Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015.

    Examples
    --------
    The margin of x -> (x_1, x_2) is x_1 - x_2; a step of size r lowers it by sqrt(2) r, and by 2 r in the inf-norm:

    >>> from refsort.nets import Layer, Network
    >>> network, params = Network((Layer(2, 2),)), [(np.eye(2), np.zeros(2))]
    >>> fgsm(network, params, [[3.0, 1.0]], [0], 1.5, np.inf).margins
    array([-1.])
    >>> np.round(fgsm(network, params, [[3.0, 1.0]], [0], 1.5, 2).margins, 12)
    array([-0.12132034])
    """
    given = problem("fgsm", network, params, x, labels, radius, p, box)
    with np.errstate(over="ignore", invalid="ignore"):
        gradient = input_gradient(given.network, given.params, given.x, given.labels, loss)
    delta = given.radius[:, None] * steepest(gradient, given.p)
    return finish(given, given.ball().project(delta))


def steepest(gradient: Array, p: float) -> Array:
    """The v with ||v||_p <= 1 of greatest <gradient, v>, as float64: a subgradient of the dual norm; 0 at 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        direction = norm_gradient(gradient.astype(np.float64), dual_order(p))
    # a gradient that is not finite, as half precision gives, points nowhere
    return np.where(np.isfinite(direction), direction, 0.0)
