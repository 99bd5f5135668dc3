"""What every experiment leaves: a JSON file with its figures, seed, settings, versions and times, and a table."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
from typing import Any

import numpy as np
import scipy

import refsort
from refsort.atomic import atomic_write


def positive_int(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def count(text: str) -> int:
    """A whole number that is not negative, for argparse."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text}")
    return number


def positive_float(text: str) -> float:
    """A positive, finite number, for argparse."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be positive and finite, got {text}")
    return number


def environment() -> dict[str, str]:
    """The versions that a figure depends on."""
    return {
        "refsort": refsort.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def write_result(path: str | os.PathLike[str], result: dict[str, Any]) -> None:
    """Write `result` as indented JSON, atomically."""
    with atomic_write(path) as file:
        file.write((json.dumps(result, indent=2) + "\n").encode())
