"""What one tenant may see of its sync history."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pbf.fivetran.models import RateLimit
from pbf.rules.time_zones import moment
from pbf.rules.timeline.entries import DayCount, DayEntry, HourCount, Period, SyncEntry
from pbf.rules.timeline.observed_times import Span, class_of, clipped, merged
from pbf.store.store import Store
from pbf.store.timeline.observations import LIST
from pbf.store.timeline.syncs import HOUR
from pbf.store.timeline.tables import WHOLE_GROUP, LastSeen
from pbf.timeline.budget import per_hour
from pbf.timeline.histories import is_refused
from pbf.timeline.rows import brief_entry, entry_of

REFUSED = (
    "Fivetran refuses to show this account's sync histories, so syncs are known from webhooks and "
    "from the list of connectors alone. It is asked again once a day."
)
EPOCH = date(1970, 1, 1)
# Reads the syncs of a group and a connector between two times.
BriefRead = Callable[[str, str, float, float], Sequence[Iterable[Any]]]


@dataclass(frozen=True)
class LastSuccess:
    """When a connector last succeeded, as far as a list showed it; None if never."""

    connector_id: str
    succeeded_at: datetime | None


class Timeline:
    """The sync history of one tenant. Every method raises StoreFailed if it cannot be read."""

    def __init__(
        self,
        group_id: str,
        store: Store,
        find: Callable[[str], object],
        *,
        rate_limit: Callable[[], RateLimit],
        now: Callable[[], float],
    ) -> None:
        """Show a group; `find` raises UnknownConnector for an id that is not the tenant's."""
        self._group_id = group_id
        self._store = store
        self._find = find
        self._rate_limit = rate_limit
        self._now = now

    def syncs(
        self, connector_id: str, since: datetime, until: datetime, *, limit: int | None = None
    ) -> list[SyncEntry]:
        """Return the syncs of a connector in a period, newest first; raise UnknownConnector."""
        self._find(connector_id)
        rows = self._store.syncs.between(
            self._group_id, connector_id, since.timestamp(), until.timestamp(), limit=limit
        )
        return [entry_of(row) for row in rows]

    def outcomes(self, connector_id: str, since: datetime, until: datetime) -> list[SyncEntry]:
        """Return when the syncs of a period started and ended, and how, the oldest first.

        Their other values are empty. Raises UnknownConnector.
        """
        return self._brief(self._store.syncs.outcomes, connector_id, since, until)

    def failures(self, connector_id: str, since: datetime, until: datetime) -> list[SyncEntry]:
        """Return the same of those that failed or succeeded beside a failure, and of the newest.

        Raises UnknownConnector.
        """
        return self._brief(self._store.syncs.failures, connector_id, since, until)

    def _brief(
        self, read: BriefRead, connector_id: str, since: datetime, until: datetime
    ) -> list[SyncEntry]:
        self._find(connector_id)
        rows = read(self._group_id, connector_id, since.timestamp(), until.timestamp())
        return [brief_entry(connector_id, *row) for row in rows]

    def is_reported(self, connector_id: str, since: datetime, until: datetime) -> bool:
        """Return whether a history or a webhook reported syncs in a period, not lists alone.

        Raises UnknownConnector.
        """
        self._find(connector_id)
        return self._store.syncs.is_reported(
            self._group_id, connector_id, since.timestamp(), until.timestamp()
        )

    def days(self, connector_id: str, since: date, until: date) -> list[DayEntry]:
        """Return the numbers of a connector for each day from one to another, both included.

        Raises UnknownConnector.
        """
        self._find(connector_id)
        first, end = _number(since), _number(until) + 1
        rows = self._store.syncs.days(self._group_id, connector_id, first, end)
        entries = {
            row.day: DayEntry(_day(row.day), row.succeeded, row.failed, row.other, row.busy_seconds)
            for row in rows
        }
        return [entries.get(number) or DayEntry(_day(number)) for number in range(first, end)]

    def observed(self, connector_id: str, since: datetime, until: datetime) -> list[Period]:
        """Return when a connector's syncs were observed; raise UnknownConnector.

        The periods are sorted and apart. In the rest syncs may have gone unseen.
        """
        self._find(connector_id)
        start, end = since.timestamp(), until.timestamp()
        seen = self._store.last_seen.find(self._group_id, connector_id)
        rows = self._store.observations.between(
            self._group_id, (connector_id, WHOLE_GROUP), start, end
        )
        spans = [span for row in rows for span in _spans(row.source, row.since, row.until, seen)]
        return [
            Period(moment(first), moment(last))
            for first, last in merged(clipped(spans, start, end))
        ]

    def group_hours(self, since: datetime, until: datetime) -> list[HourCount]:
        """Return the numbers of the tenant for each hour that overlaps a period and has syncs."""
        first, end = int(since.timestamp() // HOUR), -int(-until.timestamp() // HOUR)
        return [
            HourCount(moment(row.hour * HOUR), row.succeeded, row.failed, row.other)
            for row in self._store.syncs.hours(self._group_id, first, end)
        ]

    def group_days(self, since: date, until: date) -> list[DayCount]:
        """Return the numbers of the tenant for each day from one to another, both included."""
        first, end = _number(since), _number(until) + 1
        rows = {
            row.day: DayCount(_day(row.day), row.succeeded, row.failed, row.other)
            for row in self._store.syncs.days(self._group_id, WHOLE_GROUP, first, end)
        }
        return [rows.get(number) or DayCount(_day(number)) for number in range(first, end)]

    def oldest_success(self) -> list[LastSuccess]:
        """Return when each connector last succeeded, the longest ago first, never before all.

        A connector that was removed may still be among them.
        """
        rows = self._store.last_seen.listed(self._group_id)
        return [
            LastSuccess(row.connector_id, moment(row.succeeded_at))
            for row in sorted(rows, key=lambda row: row.succeeded_at or 0.0)
        ]

    def last_seen(self) -> list[LastSeen]:
        """Return what a list said last of each connector, also of one that was removed since."""
        return self._store.last_seen.listed(self._group_id)

    @property
    def sampling(self) -> str:
        """A sentence if not every history is read, else an empty text."""
        if is_refused(self._store, self._now()):
            return REFUSED
        allowed, waiting = per_hour(self._rate_limit()), self._store.last_seen.waiting()
        if waiting <= allowed:
            return ""
        return (
            f"To save requests to Fivetran, about {allowed:,.0f} sync histories are read an hour, "
            f"and {waiting:,} of {self._store.last_seen.count():,} connectors wait for theirs. "
            "Until then their syncs are known from webhooks and from the list of connectors alone."
        )


def _spans(source: str, since: float, until: float, seen: LastSeen | None) -> list[Span]:
    """Return the part of an observed period that counts for a connector.

    Lists count if they came often enough for its schedule at that time.
    """
    if not source.startswith(LIST):
        return [(since, until)]
    if seen is None:
        return []
    minutes, changed = int(source.removeprefix(LIST)), seen.spacing_since
    spans = []
    if class_of(seen.spacing) == minutes:
        spans.append((max(since, changed) if seen.earlier_spacing else since, until))
    if seen.earlier_spacing and class_of(seen.earlier_spacing) == minutes:
        spans.append((since, min(until, changed)))
    return spans


def _number(day: date) -> int:
    return (day - EPOCH).days


def _day(number: int) -> date:
    return EPOCH + timedelta(days=number)
