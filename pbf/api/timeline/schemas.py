"""Response schemas of the sync history."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from pbf.api.schemas import ResponseModel
from pbf.rules.timeline.outcomes import Outcome


class Sync(ResponseModel):
    """One sync, merged from all sources that reported it."""

    sync_id: str = Field(description="Empty if no source named it.", examples=["a1b2c3"])
    started_at: datetime | None = Field(
        description="null: not started yet, or not known.", examples=["2026-11-21T06:00:00Z"]
    )
    ended_at: datetime | None = Field(examples=["2026-11-21T06:04:00Z"])
    outcome: Outcome = Field(
        description="ended: it is over, and no source said how.", examples=["succeeded"]
    )
    reason: str = Field(description="Why it failed, as Fivetran says.", examples=[""])
    volumes: Mapping[str, float] = Field(
        description="Numbers by name, as far as Fivetran reports them.",
        examples=[{"extract_rows": 1200}],
    )
    sources: tuple[str, ...] = Field(
        description="Who reported it: history, webhook or list.", examples=[["history", "webhook"]]
    )


class ObservedPeriod(ResponseModel):
    """A stretch of time in which syncs would have been seen."""

    since: datetime = Field(serialization_alias="from", examples=["2026-11-20T00:00:00Z"])
    until: datetime = Field(serialization_alias="to", examples=["2026-11-21T12:00:00Z"])


class SyncPage(ResponseModel):
    """Syncs of a connector, newest first."""

    items: tuple[Sync, ...]
    observed: tuple[ObservedPeriod, ...] = Field(
        description="When syncs would have been seen. Outside these periods, no sync in the list "
        "does not mean that there was none."
    )
    next_cursor: str | None = Field(
        description="Send it as cursor to get the next page; null on the last one.",
        examples=["1795593600000000-1"],
    )
