"""A judge for other people's Lipschitz layers: values, gradients and kinks against exact definitions.

The truth is `refsort.spec`, in exact rationals of the very floats that an implementation was handed. Every tolerance is
derived (`refsort.oracle.tolerances`). At a kink a gradient is accepted exactly when it lies in the admissible set. An
implementation plugs in as an adapter, a file of some 20 lines: `refsort.oracle.adapter`.

`check` judges an adapter on all operations, `judge` on one case; `judge_output` judges arrays without any adapter, and
`check_gradient` a gradient of your own operation.
"""

from refsort.oracle.adapter import Adapter, AdapterError, load
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.claims import Comparison
from refsort.oracle.diagnosis import Diagnosis, diagnose
from refsort.oracle.functions import Verdict, judge_output
from refsort.oracle.gradients import GradientReport, check_gradient
from refsort.oracle.judge import Judgement, Mismatch, judge
from refsort.oracle.properties import PROPERTIES, further
from refsort.oracle.runner import Report, Row, check

__all__ = [  # noqa: RUF022 (in the order of use)
    "load",
    "check",
    "Report",
    "Row",
    "judge_output",
    "Verdict",
    "check_gradient",
    "GradientReport",
    "judge",
    "Judgement",
    "Comparison",
    "Mismatch",
    "diagnose",
    "Diagnosis",
    "PROPERTIES",
    "further",
    "cases",
    "Case",
    "OPERATIONS",
    "Adapter",
    "AdapterError",
]
