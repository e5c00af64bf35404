"""The way into the sync history: reports of all sources become one row for each sync."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from pbf.rules.timeline.entries import Source, SyncEntry, SyncReport
from pbf.rules.timeline.merging import TOLERANCE, Fact, fact_of, folded, heads, joined
from pbf.store.store import Store
from pbf.store.timeline.syncs import DAY, SyncEdit
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
                changed += [
                    entry_of_fact(connector_id, fact)
                    for connector_id, given in batch.items()
                    for fact in _merge(edit, connector_id, given)
                ]
        return changed

    def listened(
        self, group_id: str, source: Source, since: float, until: float, *, connector_id: str = ""
    ) -> None:
        """Store that a source told of every sync in a period; without an id, of all connectors.

        Raises StoreFailed.
        """
        self._store.observations.add(group_id, (source,), since, until, connector_id=connector_id)


def _merge(edit: SyncEdit, connector_id: str, given: list[Fact]) -> Iterator[Fact]:
    """Store new facts about a connector, and yield its syncs that changed."""
    new = joined(given)
    times = [fact.at for fact in new.values()]
    rows, since, until = edit.around(connector_id, [*new], min(times), max(times), TOLERANCE)
    stored = {row.key: row for row in rows}
    facts = joined((*map(fact_of_row, rows), *new.values()))
    of, shown = heads(facts), folded(facts)
    written, tally = [], Tally(connector_id)
    for key, fact in facts.items():
        # What lies outside may have parts that were not read, or be such a part.
        if key not in new and not since <= fact.at < until:
            continue
        part_of = "" if of[key] == key else of[key]
        values = values_of(connector_id, fact, shown.get(key, fact), part_of)
        before = vars(stored[key]) if key in stored else None
        if before and all(before[name] == value for name, value in values.items()):
            continue
        written.append(values)
        tally.replace(before, values)
        if not part_of:
            yield shown[key]
    edit.put(written)
    edit.count(tally.days(), tally.hours())
