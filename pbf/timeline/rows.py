"""The stored rows of syncs as facts and entries, and back."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pbf.rules.time_zones import moment
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.merging import Fact
from pbf.rules.timeline.outcomes import Outcome

if TYPE_CHECKING:
    from pbf.store.timeline.tables import Sync

LONGEST_REASON = 2000
OUTCOMES = {str(outcome): outcome for outcome in Outcome}
NOTHING: dict[str, Any] = {}


def fact_of_row(row: "Sync") -> Fact:
    """Return what a row knows by itself, without its parts."""
    own: dict[str, Any] = json.loads(row.own) if row.own else {}
    values: dict[str, Any] = {name: own.get(name, getattr(row, name)) for name in COLUMNS}
    return Fact(
        key=row.key,
        sync_id=row.sync_id,
        **values
        | {
            "outcome": Outcome(values["outcome"]),
            "volumes": _read(values["volumes"]),
            "unknown": _read(values["unknown"]),
            "sources": frozenset(values["sources"].split(",")),
        },
    )


def values_of(connector_id: str, own: Fact, shown: Fact, part_of: str) -> dict[str, Any]:
    """Return the columns of a row that knows one fact and shows another one."""
    columns = _columns(shown)
    kept = _columns(own)
    return {
        "connector_id": connector_id,
        "key": own.key,
        "at": shown.at,
        "part_of": part_of,
        "sync_id": own.sync_id,
        **columns,
        "own": "" if kept == columns else _written(kept),
    }


def entry_of(row: Iterable[Any]) -> SyncEntry:
    """Return a stored sync, with the columns SHOWN, as an entry."""
    connector_id, sync_id, started_at, ended_at, outcome, reason, volumes, unknown, sources = row
    return SyncEntry(
        connector_id,
        sync_id,
        moment(started_at),
        moment(ended_at),
        OUTCOMES[outcome],
        reason,
        _read(volumes) if volumes else NOTHING,
        _sources(sources),
        _read(unknown) if unknown else NOTHING,
    )


def brief_entry(
    connector_id: str, started_at: float | None, ended_at: float | None, outcome: str
) -> SyncEntry:
    """Return an entry of a stored sync with the columns BRIEF; its other values are empty."""
    return SyncEntry(
        connector_id, "", moment(started_at), moment(ended_at), OUTCOMES[outcome], "", NOTHING, ()
    )


@cache
def _sources(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def entry_of_fact(connector_id: str, fact: Fact) -> SyncEntry:
    """Return a fact as an entry."""
    return SyncEntry(
        connector_id=connector_id,
        sync_id=fact.sync_id,
        started_at=moment(fact.started_at),
        ended_at=moment(fact.ended_at),
        outcome=fact.outcome,
        reason=fact.reason,
        volumes=fact.volumes,
        unknown=fact.unknown,
        sources=tuple(sorted(fact.sources)),
    )


COLUMNS = tuple(name for name in Fact.__dataclass_fields__ if name not in ("key", "sync_id"))


def _columns(fact: Fact) -> dict[str, Any]:
    values = {name: getattr(fact, name) for name in COLUMNS}
    return values | {
        "outcome": str(fact.outcome),
        "reason": _clean(fact.reason)[:LONGEST_REASON],
        "volumes": _written(fact.volumes),
        "unknown": _written(fact.unknown),
        "sources": ",".join(sorted(fact.sources)),
    }


def _clean(text: str) -> str:
    """Return a text without the character that PostgreSQL refuses."""
    return text.replace("\0", "")


def _written(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), sort_keys=True) if values else ""


def _read(text: str) -> dict[str, Any]:
    return json.loads(text) if text else {}
