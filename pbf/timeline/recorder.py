"""The way into the sync history: reports of all sources become one row for each sync."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from math import inf

from pbf.rules.timeline.entries import Source, SyncEntry, SyncReport
from pbf.rules.timeline.merging import TOLERANCE, Fact, fact_of, folded, heads, joined
from pbf.store.store import Store
from pbf.store.timeline.syncs import DAY, SyncEdit
from pbf.store.timeline.tables import Sync
from pbf.store.timeline.upserts import Values
from pbf.timeline.rows import entry_of_fact, fact_of_row, values_of
from pbf.timeline.tally import Tally

# How many connectors are written in one transaction, so that no other writer waits long.
MOST_CONNECTORS = 25


class Recorder:
    """Merges and stores reports about syncs."""

    def __init__(self, store: Store, *, detail_days: float) -> None:
        """Keep single syncs for so many days; reports about older ones are ignored."""
        self._store = store
        self._detail_days = detail_days

    def oldest(self, now: float) -> float:
        """Return the start of the oldest day of which single syncs are kept."""
        return (now - self._detail_days * DAY) // DAY * DAY

    def record(
        self, group_id: str, reports: Sequence[SyncReport], *, source: Source, now: float
    ) -> list[SyncEntry]:
        """Merge reports of one source into what is stored, and return the syncs that changed.

        Reports may come doubled and in any order. Raises StoreFailed.
        """
        facts: defaultdict[str, list[Fact]] = defaultdict(list)
        for report in reports:
            fact = fact_of(report, source, now)
            if fact and fact.at >= self.oldest(now):
                facts[report.connector_id].append(fact)
        changed: list[SyncEntry] = []
        pending = iter(facts.items())
        while batch := dict(islice(pending, MOST_CONNECTORS)):
            with self._store.syncs.editing(group_id) as edit:
                merge = _Merge(edit, batch)
                changed += [
                    entry_of_fact(connector_id, fact)
                    for connector_id, given in batch.items()
                    for fact in merge.add(connector_id, given)
                ]
                merge.write()
        return changed

    def listened(
        self, group_id: str, source: Source, since: float, until: float, *, connector_id: str = ""
    ) -> None:
        """Store that a source reported every sync in a period; without an id, of all connectors.

        Raises StoreFailed.
        """
        self._store.observations.add(group_id, (source,), since, until, connector_id=connector_id)


class _Merge:
    """Merges new facts about connectors with what is stored, and stores the result at once."""

    def __init__(self, edit: SyncEdit, connector_ids: Collection[str]) -> None:
        self._edit = edit
        self._known = edit.known(connector_ids)
        self._written: list[Values] = []
        self._tally = Tally()

    def add(self, connector_id: str, given: list[Fact]) -> Iterator[Fact]:
        """Add facts about a connector that was not added yet, and yield its syncs that changed."""
        new = joined(given)
        rows, since, until = self._around(connector_id, new)
        stored = {row.key: row for row in rows}
        facts = joined((*map(fact_of_row, rows), *new.values()))
        of, shown = heads(facts), folded(facts)
        for key, fact in facts.items():
            # What lies outside may have parts that were not read, or be such a part.
            if key not in new and not since <= fact.at < until:
                continue
            part_of = "" if of[key] == key else of[key]
            values = values_of(connector_id, fact, shown.get(key, fact), part_of)
            before = vars(stored[key]) if key in stored else None
            if before and all(before[name] == value for name, value in values.items()):
                continue
            self._written.append(values)
            self._tally.replace(before, values)
            if not part_of:
                yield shown[key]

    def write(self) -> None:
        """Store what changed."""
        self._edit.put(self._written)
        self._edit.count(self._tally.days(), self._tally.hours())

    def _around(
        self, connector_id: str, new: Mapping[str, Fact]
    ) -> tuple[Sequence[Sync], float, float]:
        if connector_id not in self._known:
            return (), -inf, inf
        times = [fact.at for fact in new.values()]
        return self._edit.around(connector_id, [*new], min(times), max(times), TOLERANCE)
