"""A pytest plugin: ``pytest --refsort-adapter my_adapter.py`` judges an adapter, one test for each operation and dtype.

The tests stand beside those that pytest collects anyway, and are selected as those are: ``-k refsort``, ``-k bjorck``.
An operation that is not implemented is skipped; a failure shows the report of `refsort check`. One that
``--refsort-xfails`` lists is an xfail; entries of that file that are not true are warned of at the end. Without the
option there are no tests, and nothing of the oracle is imported.

The one module of the package that imports pytest: it is found by its entry point, and pytest alone loads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from refsort.oracle.adapter import Adapter
    from refsort.oracle.runner import Report
    from refsort.oracle.xfails import Expected


_ADDED: pytest.StashKey[list[AdapterItem]] = pytest.StashKey()


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
    group.addoption("--refsort-quick", action="store_true", help="a few small cases for each test, nothing beyond")
    group.addoption(
        "--refsort-xfails", metavar="FILE", help="rows that are known to fail: lines `op dtype [kind] # why`"
    )


@pytest.hookimpl(tryfirst=True)  # before -k and -m choose among the items
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of the adapter, where one was given."""
    source, command = config.getoption("refsort_adapter"), config.getoption("refsort_command")
    if source is not None or command is not None:
        given = {"source": source, "command": command}
        added = list(AdapterCollector.from_parent(session, name="refsort", nodeid="refsort", **given).collect())
        config.stash[_ADDED] = [item for item in added if isinstance(item, AdapterItem)]
        items.extend(added)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Warn of expectations that are not true; of those whose tests were left out or stopped early nothing is known."""
    added = config.stash.get(_ADDED, [])
    reports = [item.report for item in added if item.report]
    left_out = [(item.op, item.dtype) for item in added if not item.report]
    told = [line for line in (added[0].expected if added else []) if not any(line.names(*row) for row in left_out)]
    if told and reports:
        from refsort.oracle import xfails

        whole = reports[0]._replace(rows=[row for report in reports for row in report.rows])
        for warning in xfails.apply(whole, told)[1]:
            terminalreporter.write_line(f"warning: {config.getoption('refsort_xfails')}: {warning}", yellow=True)


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
        expected = self._expected(option("refsort_xfails"))
        ops = _chosen("--refsort-ops", option("refsort_ops"), tuple(OPERATIONS), tuple(OPERATIONS))
        dtypes = _chosen("--refsort-dtype", option("refsort_dtype"), adapter.dtypes, tuple(FORMATS))
        for op in ops:
            for dtype in dtypes:
                given = {"adapter": adapter, "op": op, "dtype": dtype, "expected": expected}
                yield AdapterItem.from_parent(self, name=f"{op}[{dtype}]", **given)

    def _loaded(self) -> Adapter:
        from refsort.oracle.adapter import AdapterError, load
        from refsort.oracle.subprocess_adapter import open_command

        if self.source is not None and self.command is not None:
            raise pytest.UsageError("--refsort-adapter and --refsort-command: only one of them")
        try:
            return open_command(self.command) if self.source is None else load(self.source)  # type: ignore[arg-type]
        except AdapterError as error:
            raise pytest.UsageError(f"--refsort-{'command' if self.source is None else 'adapter'}: {error}") from None

    def _expected(self, path: str | None) -> list[Expected]:
        from refsort.oracle import xfails

        try:
            return [] if path is None else xfails.load(path)
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"--refsort-xfails: {error}") from None


class AdapterItem(pytest.Item):
    """One operation in one dtype; `report` is what was found, before any expectation."""

    def __init__(self, adapter: Adapter, op: str, dtype: str, expected: list[Expected], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adapter, self.op, self.dtype, self.expected = adapter, op, dtype, expected
        self.report: Report | None = None

    def runtest(self) -> None:
        """Judge, and fail with the report where the verdict is FAIL or UNRESOLVED and was not expected."""
        from refsort.oracle import xfails
        from refsort.oracle.report import table
        from refsort.oracle.runner import NOT_IMPLEMENTED, PASS, QUICK, XFAIL, check

        option = self.config.getoption
        quick, examples = option("refsort_quick"), option("refsort_max_examples")
        examples = min(examples, QUICK) if quick else examples
        self.report = check(self.adapter, [self.op], [self.dtype], examples, option("refsort_seed"), beyond=not quick)
        report, _ = xfails.apply(self.report, self.expected)
        (row,) = report.rows
        if row.verdict == XFAIL:
            pytest.xfail(row.note)
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
    from refsort.oracle.adapter import AdapterError
    from refsort.oracle.options import chosen, separated

    try:
        return chosen(option, separated(names or ""), known) or default
    except AdapterError as error:
        raise pytest.UsageError(str(error)) from None
