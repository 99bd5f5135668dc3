"""Threads that several flags name: where the world met a class of bugs."""

from __future__ import annotations

TIES = ("pytorch/pytorch#56734", "pytorch/pytorch#184572", "kornia/kornia#4184")
BACKWARD = ("pytorch/pytorch#12737", "pytorch/pytorch#13350")
BALL = ("odlgroup/odl#1613", "odlgroup/odl#1614", "lanl/scico#619", "pralab/secml-torch#109", "daducci/COMMIT#73")
EPSILON = ("pytorch/pytorch#32137", "NVIDIA-NeMo/Emerging-Optimizers#229")
LAYOUT = ("cemanil/LNets#8", "singlasahil14/SOC#4")
POWER = ("pytorch/pytorch#8049", "odlgroup/odl#1561")
DEGENERATE = ("jax-ml/jax#2311", "jax-ml/jax#8732", "pytorch/pytorch#49886", "pytorch/pytorch#194705")
CERTIFICATE = ("araujoalexandre/Lipschitz-SLL-Networks#2", "deel-ai/deel-torchlip#15")
OVERFLOW = ("pytorch/pytorch#11752", "FluxML/NNlib.jl#68")
MISSING = ("deel-ai/deel-lip#28",)
