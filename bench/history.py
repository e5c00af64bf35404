"""The queries of pages on a table of a million syncs, on SQLite and PostgreSQL.

Processor time counts, ours and that of PostgreSQL's process: other load does not change it. The
plan of what takes longer than half of its bound goes to standard error.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine

from bench.figures import Figure
from bench.history_rows import DAYS, driver_url, fill
from bench.postgres import postgres
from bench.scale import Scale
from pbf.fivetran.models import RateLimit
from pbf.store.store import Store
from pbf.timeline.timeline import Timeline
from pbf.watch.incidents import Incidents

GROUP, ONE = "our_group", "busy"
BOUND = 50.0
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MOST_ACTIVE = 300
LIMIT = RateLimit(limit=500, remaining=500)


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure both kinds of database."""
    with TemporaryDirectory() as folder:
        yield from _database(f"sqlite:///{Path(folder) / 'store.sqlite3'}", "SQLite", scale)
    with postgres() as url:
        yield from _database(url, "PostgreSQL", scale)


def _database(url: str, name: str, scale: Scale) -> Iterator[Figure]:
    store = Store(url)
    each = (scale.syncs - scale.syncs_of_one) // scale.tenants
    others = {f"c{number:04}": each for number in range(scale.tenants)}
    fill(url, GROUP, {ONE: scale.syncs_of_one, **others}, NOW.timestamp())
    area = f"{name}, {scale.syncs:,} syncs, of which one connector has {scale.syncs_of_one:,}"
    with recording() as recorded:
        for what, read in _queries(store).items():
            taken = _milliseconds(recorded, read, scale)
            yield Figure(area, what, taken, "ms", at_most=BOUND)
            if taken > BOUND / 2:
                print(*recorded.plans(url), sep="\n", file=sys.stderr)
    store.close()


def _queries(store: Store) -> Mapping[str, Callable[[], object]]:
    """Return what each page reads."""
    timeline = Timeline(GROUP, store, lambda _: None, rate_limit=lambda: LIMIT, now=NOW.timestamp)
    incidents = Incidents(store, clock=NOW.timestamp)
    first, month = NOW - timedelta(days=DAYS), NOW - timedelta(days=31)
    return {
        "connector: days": lambda: timeline.days(ONE, first.date(), NOW.date()),
        "connector: outages of 90 days": lambda: timeline.failures(ONE, first, NOW),
        "connector: week": lambda: timeline.outcomes(ONE, NOW - timedelta(days=7), NOW),
        "connector: observed": lambda: timeline.observed(ONE, first, NOW),
        "connector: whether lists alone": lambda: timeline.is_reported(ONE, first, NOW),
        "connector: promise of 30 days": lambda: timeline.outcomes(ONE, month, NOW),
        "connector: sampling": lambda: timeline.sampling,
        "connector: incidents": lambda: incidents.listed(GROUP, ONE),
        "table of syncs": lambda: timeline.syncs(ONE, first, NOW, limit=26),
        "CSV, each 500 syncs": lambda: timeline.syncs(ONE, first, NOW, limit=501),
        "overview: hours": lambda: timeline.group_hours(NOW - timedelta(hours=48), NOW),
        "overview: days": lambda: timeline.group_days(first.date(), NOW.date()),
        "overview: incidents": lambda: incidents.open(GROUP, explained=False),
        "activity: what lists saw": timeline.last_seen,
        "activity: a connector": lambda: timeline.syncs(ONE, month, NOW, limit=MOST_ACTIVE),
        "incidents": lambda: incidents.listed(GROUP),
        "status page: days": lambda: timeline.days("c0000", first.date(), NOW.date()),
        "status page: observed": lambda: timeline.observed("c0000", first, NOW),
    }


def _milliseconds(recorded: "Recorded", read: Callable[[], object], scale: Scale) -> float:
    read()
    taken = []
    for _ in range(scale.rounds):
        recorded.statements.clear()
        before = recorded.processor_seconds()
        read()
        taken.append(recorded.processor_seconds() - before)
    return 1000 * median(taken)


class Recorded:
    """What was sent to databases last, and the processor time that it took."""

    def __init__(self) -> None:
        """Start empty."""
        self.statements: list[tuple[str, Any]] = []
        self._process = 0

    def __call__(
        self, connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any
    ) -> None:
        """Take in a statement."""
        if statement.startswith(("SELECT", "WITH")):
            self.statements.append((statement, values))
        if connection.dialect.name == "postgresql":
            self._process = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]

    def processor_seconds(self) -> float:
        """Return the time of this thread and of the process that serves its connection."""
        seconds = time.thread_time()
        if self._process:
            schedule = Path(f"/proc/{self._process}/schedstat").read_text(encoding="ascii")
            seconds += int(schedule.split()[0]) / 1e9
        return seconds

    def plans(self, url: str) -> Iterator[str]:
        """Yield the plans of the statements of the last round."""
        engine = create_engine(driver_url(url))
        explain = (
            "EXPLAIN (ANALYZE, BUFFERS)" if engine.name == "postgresql" else "EXPLAIN QUERY PLAN"
        )
        with engine.connect() as connection:
            for statement, values in self.statements:
                for row in connection.exec_driver_sql(f"{explain} {statement}", values):
                    yield str(row[-1])
        engine.dispose()


@contextmanager
def recording() -> Iterator[Recorded]:
    """Record the queries of the block."""
    recorded = Recorded()
    event.listen(Engine, "before_cursor_execute", recorded)
    try:
        yield recorded
    finally:
        event.remove(Engine, "before_cursor_execute", recorded)
