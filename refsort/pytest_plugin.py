"""A pytest plugin: ``pytest --refsort-adapter my_adapter.py`` judges an adapter, one test for each operation and dtype.

The tests stand beside those that pytest collects anyway, and are selected as those are: ``-k refsort``, ``-k bjorck``.
An operation that is not implemented is skipped; a failure shows the report of `refsort check`. Without the option there
are no tests, and nothing of the oracle is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from refsort.oracle.adapter import Adapter


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("refsort", "refsort: judging an implementation against exact definitions")
    group.addoption("--refsort-adapter", metavar="ADAPTER", help="as for refsort check: a name, a .py file or a module")
    group.addoption("--refsort-command", metavar="COMMAND", help="an adapter in another language: a program to start")
    group.addoption("--refsort-ops", metavar="A,B", help="only these operations")
    group.addoption("--refsort-dtype", metavar="A,B", help="only these dtypes (default: those that the adapter has)")
    group.addoption(
        "--refsort-max-examples", type=int, default=80, metavar="N", help="cases for each test (default: 80)"
    )
    group.addoption("--refsort-seed", type=int, default=0, metavar="N", help="draw other cases (default: 0)")


@pytest.hookimpl(tryfirst=True)  # before -k and -m choose among the items
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of the adapter, where one was given."""
    source, command = config.getoption("refsort_adapter"), config.getoption("refsort_command")
    if source is not None or command is not None:
        given = {"source": source, "command": command}
        items.extend(AdapterCollector.from_parent(session, name="refsort", nodeid="refsort", **given).collect())


class AdapterCollector(pytest.Collector):
    """The operations and dtypes of one adapter."""

    def __init__(self, source: str | None, command: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source, self.command = source, command

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each operation and dtype."""
        from refsort.oracle.cases import OPERATIONS
        from refsort.strategies import FORMATS

        adapter = self._loaded()
        option = self.config.getoption
        if option("refsort_max_examples") < 1:
            raise pytest.UsageError("--refsort-max-examples: expected a whole number of at least 1")
        ops = _chosen("--refsort-ops", option("refsort_ops"), tuple(OPERATIONS), tuple(OPERATIONS))
        dtypes = _chosen("--refsort-dtype", option("refsort_dtype"), adapter.dtypes, tuple(FORMATS))
        for op in ops:
            for dtype in dtypes:
                yield AdapterItem.from_parent(self, name=f"{op}[{dtype}]", adapter=adapter, op=op, dtype=dtype)

    def _loaded(self) -> Adapter:
        from refsort.oracle.adapter import AdapterError, load
        from refsort.oracle.subprocess_adapter import open_command

        if self.source is not None and self.command is not None:
            raise pytest.UsageError("--refsort-adapter and --refsort-command: only one of them")
        try:
            return open_command(self.command) if self.source is None else load(self.source)  # type: ignore[arg-type]
        except AdapterError as error:
            raise pytest.UsageError(f"--refsort-{'command' if self.source is None else 'adapter'}: {error}") from None


class AdapterItem(pytest.Item):
    """One operation in one dtype."""

    def __init__(self, adapter: Adapter, op: str, dtype: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adapter, self.op, self.dtype = adapter, op, dtype

    def runtest(self) -> None:
        """Judge, and fail with the report where the verdict is FAIL or UNRESOLVED."""
        from refsort.oracle.report import table
        from refsort.oracle.runner import NOT_IMPLEMENTED, PASS, check

        option = self.config.getoption
        report = check(self.adapter, [self.op], [self.dtype], option("refsort_max_examples"), option("refsort_seed"))
        (row,) = report.rows
        if row.verdict == NOT_IMPLEMENTED:
            pytest.skip(f"not implemented{f': {row.note}' if row.note else ''}")
        if row.verdict != PASS:
            raise WrongAnswer(table(report))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The report instead of a traceback into the oracle."""
        if isinstance(excinfo.value, WrongAnswer):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, None, str]:
        """What heads the failure."""
        return self.path, None, f"refsort: {self.op} {self.dtype} of {self.adapter.name}"


class WrongAnswer(Exception):
    """The report on a row that did not pass."""


def _chosen(option: str, names: str | None, default: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    if names is None:
        return default
    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in chosen:
        if name not in known:
            raise pytest.UsageError(f"{option} {name}: expected names among {', '.join(known)}")
    return chosen or default
