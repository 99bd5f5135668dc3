"""Networks written down instead of trained: each function returns ``(network, params)`` for `refsort.nets`.

Given Fractions they are networks over the rationals, which run exactly. What a network equals, and where, stands in its
docstring, with its size and the norms of its layers. `__all__` is a table of contents: activations from other ones,
maxima of minima, extensions of data, approximation of any 1-Lipschitz function, potentials, and |x| from ReLU. All of
these functions are piecewise linear; `Network.forward` differentiates them, and at their kinks as its layers do.
"""

from refsort.constructions.max_min_tree import max_min_tree
from refsort.constructions.mcshane import mcshane
from refsort.constructions.optimal_potential import optimal_potential
from refsort.constructions.piecewise_linear import piecewise_linear
from refsort.constructions.recover import recover
from refsort.constructions.rotation_relu_absolute import rotation_relu_absolute
from refsort.constructions.three_layer import three_layer
from refsort.constructions.universal import Size, Universal, universal, universal_size

__all__ = [  # noqa: RUF022 - in the order of the paper
    "recover",
    "max_min_tree",
    "piecewise_linear",
    "three_layer",
    "mcshane",
    "universal",
    "universal_size",
    "Universal",
    "Size",
    "optimal_potential",
    "rotation_relu_absolute",
]
