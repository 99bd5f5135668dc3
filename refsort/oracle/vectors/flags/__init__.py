"""Why vectors exist: for each flag the class of bugs, the reason, and the threads where the world met it.

The classes: B1 a backward that is not the derivative of its forward, B3 ties, B5 the domain of Bjorck's iteration,
B6 norms from below, B7 scale, B9 lost tightness, B10 a dropped factor, B11 layout, B12 axis, B13 sizes of groups and
empty batches, B14 projections that do not leave the inside alone, B15 which norm is which, B16 certificates and last
layers, B17 estimates of norms, B18 losses, B19 low precision, B22 ignored parameters, B23 rectangles; EDGE is the edge
of a domain.
"""

from refsort.oracle.vectors.flags.balls import BALLS
from refsort.oracle.vectors.flags.losses import LOSSES
from refsort.oracle.vectors.flags.maps import MAPS
from refsort.oracle.vectors.flags.norms import NORMS
from refsort.oracle.vectors.flags.sizes import SIZES
from refsort.oracle.vectors.flags.sorts import SORTS
from refsort.oracle.vectors.vector import Flag

FLAGS: dict[str, Flag] = SORTS | SIZES | MAPS | NORMS | BALLS | LOSSES

__all__ = ["FLAGS"]
