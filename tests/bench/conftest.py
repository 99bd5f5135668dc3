"""No time to settle: nothing here depends on speed."""

import pytest

from refsort.bench import run


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(run, "SETTLE", (0.0, 0.0))
