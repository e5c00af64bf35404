"""Sync histories, written into the store as the sources would."""

from datetime import UTC, datetime, timedelta

from pbf.rules.timeline.entries import Period
from pbf.store.store import Store
from pbf.store.timeline.tables import Observation, Sync

NAMES = {"s": "succeeded", "f": "failed", "n": "needs_action", "r": "running"}


def write_history(
    store: Store,
    group_id: str,
    connector_id: str,
    outcomes: str,
    *,
    every: timedelta = timedelta(hours=1),
    until: datetime | None = None,
    reason: str = "The source did not answer.",
) -> None:
    """Write a sync per letter, the last of which started an interval before `until` or now."""
    last = until or datetime.now(UTC)
    with store._database.session() as session:
        for back, letter in zip(range(len(outcomes), 0, -1), outcomes, strict=True):
            start = (last - back * every).timestamp()
            session.add(
                Sync(
                    group_id=group_id,
                    connector_id=connector_id,
                    key=f"sync-{start:.3f}",
                    sync_id=f"sync-{start:.3f}",
                    started_at=start,
                    ended_at=None if letter == "r" else start + 240,
                    outcome=NAMES[letter],
                    reason=reason if letter in "fn" else "",
                    volumes='{"extract_rows": 1200}',
                    sources="history",
                    seen_at=start,
                )
            )


def write_observed(store: Store, group_id: str, connector_id: str, *periods: Period) -> None:
    """Write the periods in which the history of a connector was read."""
    with store._database.session() as session:
        for period in periods:
            session.add(
                Observation(
                    group_id=group_id,
                    connector_id=connector_id,
                    source="history",
                    since=period.since.timestamp(),
                    until=period.until.timestamp(),
                )
            )
