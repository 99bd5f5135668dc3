"""Speed: every operation against the fastest PyTorch formulation of the same work, and against the machine's limit.

What is measured is the wall time of one call, in seconds, in one process: in each round every side has its turn, so
that whatever disturbs the machine disturbs all of them. What is not: compiled PyTorch (`torch.compile`), derivatives
that were written by hand for PyTorch, accelerators, and the time to draw inputs. See `refsort.bench.row.Row`.
"""

from refsort.bench.case import Case, Side
from refsort.bench.cases import CASES
from refsort.bench.floors import Floor, copy, products
from refsort.bench.measure import Timing, interleaved, timing
from refsort.bench.report import Table, as_json
from refsort.bench.row import Row
from refsort.bench.run import measured
from refsort.bench.summary import GROUPS, Group, summary

__all__ = [  # noqa: RUF022 - what is measured, how, and what comes out
    "Case",
    "Side",
    "CASES",
    "Floor",
    "copy",
    "products",
    "interleaved",
    "timing",
    "Timing",
    "measured",
    "Row",
    "Table",
    "GROUPS",
    "Group",
    "summary",
    "as_json",
]
