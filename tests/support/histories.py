"""Sync histories, as a source reports them."""

from datetime import UTC, datetime, timedelta

from pbf.rules.timeline.entries import Period, SyncReport
from pbf.runtime import Runtime

OUTCOMES = {"s": "succeeded", "f": "failed", "n": "needs_action", "r": "running"}
TOOK = 240.0


def write_history(
    runtime: Runtime,
    connector_id: str,
    outcomes: str,
    *,
    every: timedelta = timedelta(hours=1),
    until: datetime | None = None,
    reason: str = "The source did not answer.",
) -> None:
    """Report a sync per letter, the last of which started an interval before `until` or now."""
    now = datetime.now(UTC)
    reports = []
    for back, letter in zip(range(len(outcomes), 0, -1), outcomes, strict=True):
        start = ((until or now) - back * every).timestamp()
        reports.append(
            SyncReport(
                connector_id,
                f"sync-{start:.3f}",
                start,
                None if letter == "r" else start + TOOK,
                OUTCOMES[letter],
                reason if letter in "fn" else "",
                {"extract_rows": 1200.0},
            )
        )
    runtime.timelines.recorder.record(
        runtime.portal.tenant.group_id, reports, source="history", now=now.timestamp()
    )


def write_observed(runtime: Runtime, connector_id: str, period: Period) -> None:
    """Report that the history of a connector was read for a period."""
    runtime.timelines.recorder.listened(
        runtime.portal.tenant.group_id,
        "history",
        period.since.timestamp(),
        period.until.timestamp(),
        connector_id=connector_id,
    )
