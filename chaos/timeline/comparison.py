"""The sync history of the product against the sandbox's own.

A sync could be known if a source showed it to a process that was not killed in the same turn: a
history or list that it received to the end, or a webhook that it stored.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chaos.timeline.plan import DAY
from chaos.timeline.webhooks import Relay
from chaos.timeline.witness import Shown
from pbf.fivetran.models import RateLimit
from pbf.rules.timeline.entries import Period, SyncEntry
from pbf.rules.timeline.outcomes import Outcome, outcome_of
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import sync_history
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.webhooks.events import sync_id
from pbf.store.store import Store
from pbf.timeline.timeline import Timeline

# In seconds. A list shows no id, so its syncs are found by their ends, which have microseconds.
EXACTLY = 0.001
INTERRUPTED = "RESCHEDULED"


@dataclass(frozen=True)
class TrueSync:
    """A sync as it was."""

    connection_id: str
    sync_id: str
    start: float
    end: float | None
    status: str


@dataclass
class Differences:
    """What the product says that is not so, each as one line of text."""

    syncs: int = 0
    shown: int = 0
    entries: int = 0
    observed: float = 0.0
    elapsed: float = 0.0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return how many there are of each kind."""
        counts = (
            (name, len(value) if isinstance(value, list) else round(value))
            for name, value in vars(self).items()
        )
        return ", ".join(f"{name} {count}" for name, count in counts)


class Comparison:
    """Compares what the product says with the truth."""

    def __init__(
        self, world: Sandbox, store: Store, shown: Shown, relay: Relay, *, step: float
    ) -> None:
        """Compare from the clock's present time on."""
        self._world = world
        self._store = store
        self._shown = shown
        self._relay = relay
        self._step = step
        self._since = world.clock()

    def make(self) -> Differences:
        """Return the differences at this moment."""
        result = Differences()
        over = {(one, sync) for one, sync, is_over in self._shown.histories if is_over}
        over |= {(one, sync) for one, sync, event in self._relay.stored if event == "sync_end"}
        begun = {(one, sync) for one, sync, _ in (*self._shown.histories, *self._relay.stored)}
        with self._world.lock:
            connections = list(self._world.connections.values())
        for connection in connections:
            syncs = self._truth(connection)
            in_lists = {
                (sync.connection_id, sync.sync_id)
                for sync in syncs
                if sync.end and (sync.connection_id, _listed(sync.end)) in self._shown.ends
            }
            self._compare(connection, syncs, begun | in_lists, over, in_lists, result)
        return result

    def _truth(self, connection: Connection) -> list[TrueSync]:
        one_id, now = connection.id, self._world.clock()
        syncs = sync_history.history(connection, since=self._since, until=now, now=now)
        return [
            TrueSync(one_id, sync_id(one_id, one.start), one.start, one.end, one.status)
            for one in syncs
            if one.start > self._since
        ]

    def _compare(
        self,
        connection: Connection,
        syncs: Sequence[TrueSync],
        shown: set[tuple[str, str]],
        over: set[tuple[str, str]],
        in_lists: set[tuple[str, str]],
        result: Differences,
    ) -> None:
        timeline = self._timeline(connection.group_id)
        since = datetime.fromtimestamp(self._since, UTC)
        until = datetime.fromtimestamp(self._world.clock() + DAY, UTC)
        entries = [
            entry
            for entry in timeline.syncs(connection.id, since - timedelta(days=1), until)
            if (entry.started_at or entry.ended_at or since) > since
        ]
        observed = timeline.observed(connection.id, since, until)
        result.syncs += len(syncs)
        result.entries += len(entries)
        result.elapsed += self._world.clock() - self._since
        result.observed += sum((one.until - one.since).total_seconds() for one in observed)
        of = _matched(syncs, entries, result, since.timestamp())
        for number, sync in enumerate(syncs):
            key, entry = (sync.connection_id, sync.sync_id), of.get(sync.sync_id)
            result.shown += key in shown
            if entry is None:
                result.unseen.append(_line(sync))
                if key in shown:
                    result.lost.append(_line(sync))
                # Lists cannot show a sync that is under way.
                if sync.end is not None and _is_observed(sync.end, observed):
                    self._claimed(sync, sync.end, syncs[number + 1 :], of, result)
            elif not _is_right(entry, sync, is_told=key in over, is_listed=key in in_lists):
                result.misjudged.append(f"{_line(sync)}: {entry.outcome} by {entry.sources}")
        self._count(timeline, connection, entries, result)

    def _claimed(
        self,
        sync: TrueSync,
        end: float,
        later: Sequence[TrueSync],
        of: dict[str, SyncEntry],
        result: Differences,
    ) -> None:
        """Note a missing sync that ended in an observed time, by what hid it."""
        followers = [
            one for one in later if one.end and one.end <= end + self._step and one.sync_id in of
        ]
        if sync.status == INTERRUPTED:
            result.interrupted.append(_line(sync))
        elif any(_is_success(one) == _is_success(sync) for one in followers):
            result.hidden.append(_line(sync))
        else:
            result.gaps.append(_line(sync))

    def _count(
        self,
        timeline: Timeline,
        connection: Connection,
        entries: Sequence[SyncEntry],
        result: Differences,
    ) -> None:
        """Compare the numbers by day with the syncs that they sum up."""
        first = datetime.fromtimestamp(self._since, UTC).date() + timedelta(days=1)
        last = datetime.fromtimestamp(self._world.clock(), UTC).date()
        counted = sum(
            day.succeeded + day.failed + day.other
            for day in timeline.days(connection.id, first, last)
        )
        listed = sum(
            first <= at.date() <= last
            for entry in entries
            if (at := entry.started_at or entry.ended_at)
        )
        if counted != listed:
            result.miscounted.append(f"{connection.id}: {counted} by day, {listed} syncs")

    def _timeline(self, group_id: str) -> Timeline:
        return Timeline(
            group_id,
            self._store,
            lambda connector_id: connector_id,
            rate_limit=RateLimit,
            now=self._world.clock,
        )


def _matched(
    syncs: Sequence[TrueSync], entries: Sequence[SyncEntry], result: Differences, since: float
) -> dict[str, SyncEntry]:
    """Return the entry of each sync by id; note entries of no sync, and further ones of a sync."""
    by_id = {sync.sync_id: sync for sync in syncs}
    matches: defaultdict[str, list[SyncEntry]] = defaultdict(list)
    for entry in entries:
        sync = by_id.get(entry.sync_id) or next(_same_end(syncs, entry), None)
        if sync:
            matches[sync.sync_id].append(entry)
        elif entry.started_at or not _is_before(entry, since):
            result.invented.append(
                f"{entry.connector_id} {entry.sync_id} {entry.started_at} {entry.ended_at} "
                f"{entry.outcome} by {entry.sources}"
            )
    for sync_key, several in matches.items():
        if len(several) > 1:
            result.doubled.append(f"{_line(by_id[sync_key])}: {[one.sources for one in several]}")
    return {sync_key: several[0] for sync_key, several in matches.items()}


def _same_end(syncs: Sequence[TrueSync], entry: SyncEntry) -> Iterator[TrueSync]:
    if not entry.sync_id and entry.ended_at:
        ended = entry.ended_at.timestamp()
        yield from (sync for sync in syncs if sync.end and abs(sync.end - ended) < EXACTLY)


def _is_right(entry: SyncEntry, sync: TrueSync, *, is_told: bool, is_listed: bool) -> bool:
    """Return whether an entry has the outcome that was shown; a list shows no kind of failure."""
    if is_told:
        return entry.outcome == outcome_of(sync.status)
    return not is_listed or _is_success(sync) == (entry.outcome == Outcome.SUCCEEDED)


def _is_before(entry: SyncEntry, since: float) -> bool:
    """Return whether a sync, of which only the end is known, may have started before."""
    return entry.ended_at is not None and entry.ended_at.timestamp() < since + 60


def _is_observed(time: float, observed: Sequence[Period]) -> bool:
    at = datetime.fromtimestamp(time, UTC)
    return any(period.since < at <= period.until for period in observed)


def _listed(end: float) -> str:
    """Return the end of a sync as it was noted from a list."""
    return datetime.fromisoformat(stamp(end)).isoformat()


def _is_success(sync: TrueSync) -> bool:
    return sync.status == "SUCCESSFUL"


def _line(sync: TrueSync) -> str:
    end = "-" if sync.end is None else stamp(sync.end)
    return f"{sync.connection_id} {stamp(sync.start)} {end} {sync.status} {sync.sync_id}"
