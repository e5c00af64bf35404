"""A sync history of any size, written with a few statements."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import URL, Connection, create_engine, insert, make_url, text

from pbf.rules.timeline.observed_times import CLASSES
from pbf.store.engines.engine import POSTGRESQL
from pbf.store.timeline.tables import LastSeen, Observation
from pbf.store.watch.tables import Incident, IncidentEvent

DAYS, DAY, HOUR = 90, 86400, 3600
INCIDENTS = 10
EVENTS = ("opened", "changed", "closed")

# Of 200 syncs, six in a row fail. The keys are random, as the ids of syncs are, and the rows of
# all connectors are mixed, as they arrive.
SYNCS = """
INSERT INTO syncs (group_id, connector_id, key, at, part_of, sync_id, started_at, ended_at, outcome,
    reason, volumes, unknown, sources, seen_at, start_rank, end_rank, reason_rank, own)
WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :most),
places(id, step, place) AS (SELECT connector_id, spacing * 60, ROW_NUMBER() OVER (
    ORDER BY connector_id) FROM last_seen WHERE group_id = :group_id),
entries(id, key, at, took, is_bad) AS (
    SELECT id, CAST((i * 48271) % 2147483647 AS TEXT) || '-5f0c-4f7a-9b1e-3d2a',
    :since + (i + place / 2000.0) * step, step / 4, (i + place) % 200 < 6
    FROM places JOIN numbers ON i < :seconds / step)
SELECT :group_id, id, key, at, '', key, at, at + took,
    CASE WHEN is_bad THEN 'failed' ELSE 'succeeded' END,
    CASE WHEN is_bad THEN 'The source refused to answer.' ELSE '' END,
    :volumes, '', 'history,list,webhook', at, 3, 3, 3, ''
FROM entries ORDER BY at"""
DAYS_OF = """
INSERT INTO sync_days (group_id, connector_id, day, succeeded, failed, other, busy_seconds)
SELECT group_id, CASE WHEN :whole = 1 THEN '' ELSE connector_id END,
    CAST(FLOOR(at / 86400) AS INTEGER), SUM(CASE WHEN outcome = 'succeeded' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END), 0, SUM(ended_at - started_at)
FROM syncs WHERE group_id = :group_id GROUP BY 1, 2, 3"""
HOURS = """
INSERT INTO sync_hours (group_id, hour, succeeded, failed, other)
SELECT group_id, CAST(FLOOR(at / 3600) AS INTEGER),
    SUM(CASE WHEN outcome = 'succeeded' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END), 0
FROM syncs WHERE group_id = :group_id GROUP BY 1, 2"""


def fill(url: str, group_id: str, connectors: Mapping[str, int], now: float) -> None:
    """Write the last 90 days of connectors, each with a number of syncs.

    The database has its tables, but nothing of the group. `now` is in seconds since 1970.
    """
    engine = create_engine(driver_url(url))
    seconds = DAYS * DAY
    values = {"group_id": group_id, "since": now - seconds, "seconds": seconds}
    volumes = '{"extract_rows":1234.0,"load_rows":1234.0}'
    with engine.begin() as connection:
        connection.execute(insert(LastSeen), list(_last_seen(group_id, connectors, now)))
        connection.execute(
            text(SYNCS), values | {"most": max(connectors.values()), "volumes": volumes}
        )
        for whole in (0, 1):
            connection.execute(text(DAYS_OF), values | {"whole": whole})
        connection.execute(text(HOURS), values)
        connection.execute(insert(Observation), list(_observations(group_id, connectors, now)))
        _add_incidents(connection, group_id, connectors, now)
    tidy = "VACUUM ANALYZE" if engine.name == "postgresql" else "ANALYZE"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(tidy))
    engine.dispose()


def driver_url(url: str) -> URL:
    """Return a URL of a store for SQLAlchemy, with the driver that is installed."""
    parts = make_url(url)
    return parts.set(drivername=POSTGRESQL) if parts.drivername == "postgresql" else parts


def _last_seen(
    group_id: str, connectors: Mapping[str, int], now: float
) -> Iterator[dict[str, Any]]:
    for connector_id, syncs in connectors.items():
        yield {
            "group_id": group_id,
            "connector_id": connector_id,
            "schema_name": connector_id,
            "succeeded_at": now - HOUR,
            "spacing": DAYS * DAY / 60 / syncs,
            "spacing_since": now - DAYS * DAY,
            "seen_at": now,
        }


def _observations(
    group_id: str, connectors: Mapping[str, int], now: float
) -> Iterator[dict[str, Any]]:
    """Yield a history of each connector, and lists with a gap on every third day."""
    start = now - DAYS * DAY
    common: dict[str, Any] = {"group_id": group_id}
    for connector_id in connectors:
        span = {"since": start + 10 * DAY, "until": now}
        yield common | span | {"connector_id": connector_id, "source": "history"}
    for minutes in CLASSES:
        for day in range(0, DAYS, 3):
            span = {"since": start + day * DAY, "until": start + (day + 2.9) * DAY}
            yield common | span | {"connector_id": "", "source": f"list {minutes}"}


def _add_incidents(
    connection: Connection, group_id: str, connectors: Mapping[str, int], now: float
) -> None:
    """Add ten incidents of each connector, of which one in twenty connectors has an open one."""
    incidents, events = [], []
    for place, connector_id in enumerate(connectors):
        for number in range(INCIDENTS):
            opened_at = now - (number + 1) * 8 * DAY
            is_open = number == 0 and place % 20 == 0
            incident_id = f"{group_id}-{place}-{number}"
            incidents.append(
                {
                    "id": incident_id,
                    "group_id": group_id,
                    "connector_id": connector_id,
                    "connector_name": connector_id,
                    "kind": "failing",
                    "title": "Two syncs in a row failed",
                    "opened_at": opened_at,
                    "closed_at": None if is_open else opened_at + HOUR,
                    "open_key": f"{group_id}\n{connector_id}" if is_open else None,
                    "told": "opened" if is_open else "closed",
                }
            )
            events += [
                {"incident_id": incident_id, "at": opened_at, "kind": kind, "text": "It failed."}
                for kind in EVENTS[: 2 if is_open else 3]
            ]
    connection.execute(insert(Incident), incidents)
    connection.execute(insert(IncidentEvent), events)
