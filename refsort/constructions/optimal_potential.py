"""A Kantorovich potential, known at the points of one side, as a network: its c-transform.

    W_1(P, Q) = max  E_P f - E_Q f   over the 1-Lipschitz f,      P on points x_i, Q on points z_j.

A linear programme finds values phi_i and psi_j with phi_i + psi_j <= d(x_i, z_j) that maximise sum P_i phi_i + sum Q_j
psi_j, for the same optimum. The c-transform of phi turns them into one function of the whole space.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from refsort.constructions.cones import envelope
from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.mcshane import MAX_UNITS, cone_of, samples


def optimal_potential(
    points: ArrayLike,
    potential: ArrayLike,
    metric: str,
    eps: Any = None,
    *,
    side: str = "p",
    box: ArrayLike | None = None,
    max_units: int = MAX_UNITS,
) -> Parametrised:
    """The network that equals ``f(x) = max_i (phi_i - d(x, x_i))`` on all of R^d.

    It is 1-Lipschitz whatever the phi_i are, with f(x_i) >= phi_i, and equality for all i if and only if the phi_i are
    1-Lipschitz on the points. If phi_i + psi_j <= d(x_i, z_j) then f(z_j) <= -psi_j. So the dual value of f is at least
    that of (phi, psi): an optimal pair gives a network whose dual value is W_1.

    Parameters
    ----------
    points : array_like, (n, d)
        The support of P: floats, or Fractions for a network over the rationals.
    potential : array_like, (n,)
        phi_i, the dtype of points.
    metric : "linf", "l1" or "l2"
        The ground metric. "l2" needs `eps` in more than one dimension.
    eps : real, optional
        For "l2": on `box` the network is between f and f + eps, so its dual value is at least W_1 - eps.
    side : "p" or "q"
        "q": `points` are the support of Q, `potential` holds the values that f should have there (-psi_j), and the
        network is the upper one, ``min_j (potential_j + d(x, z_j))``, for "l2" between f - eps and f.
    box : array_like, (d, 2), optional
        For "l2": must contain the points of both sides for the dual value's bound; without it, the box around `points`.
    max_units : int
        Larger networks are refused.

    Returns
    -------
    network, params
        Shapes, units, depth and norms are those of `mcshane` with Lipschitz constant 1.

    Raises
    ------
    TypeError, ValueError
        For numbers that are not finite, shapes that do not fit, an unknown metric or side, "l2" without eps, and a
        network larger than `max_units`. No potential is refused for being steep: the c-transform is 1-Lipschitz.

    Notes
    -----
    For "linf" and "l1" the gradient has dual norm 1 wherever it exists, along the transport rays too.

    References
    ----------
    .. [1] C. Villani, "Topics in optimal transportation", AMS 2003, chapter 1.

    Examples
    --------
    P = (delta_0 + delta_1) / 2 and Q = delta_3 on the line: W_1 = 5/2.

    >>> import numpy as np
    >>> network, params = optimal_potential([[0.0], [1.0]], [3.0, 2.0], "linf")
    >>> f = network.value(params, np.array([[0.0], [1.0], [3.0]]))[:, 0]
    >>> float((f[0] + f[1]) / 2 - f[2])
    2.5
    """
    x, phi = samples("optimal_potential", points, potential, "potential")
    if phi.shape[1] != 1:
        raise ValueError(f"optimal_potential: one value a point is needed, got {phi.shape[1]}")
    if side not in ("p", "q"):
        raise ValueError(f"optimal_potential: side must be 'p' or 'q', got {side!r}")
    cone = cone_of("optimal_potential", x, 1, metric, 1, eps, box, max_units)
    return envelope(x, phi, cone, "lower" if side == "p" else "upper")
