"""What became of a connection's syncs: history, errors, state; and whom the account trusts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.http import answer, body, listed, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import certificates, function_state, sync_history
from pbf.sandbox.routes.connections import found, shown
from pbf.sandbox.webhooks import events

# Clocks differ by so many seconds, and who asks until now means the present.
PRESENT = 60.0

routes = Blueprint("syncs", __name__, url_prefix="/v1")


@routes.get("/connections/<connection_id>/sync-history")
def list_syncs(connection_id: str) -> ResponseReturnValue:
    """Return the syncs of a connection that went on in a stretch of time, the latest first.

    One that waits has not started, and belongs to a stretch that reaches the present.
    """
    connection, here = found(connection_id), world()
    with here.lock:
        now = here.clock()
        since, until = window(now)
        happened = sync_history.history(connection, since=since, until=until, now=now)
        if until > now - PRESENT:
            happened += sync_history.queued(connection, now)
    if here.assumptions.history_begins_with_latest:
        happened.reverse()
    page = listed(happened, lambda sync: shown_sync(connection, sync))
    return answer(page, message="Connection sync history retrieved successfully")


def window(now: float) -> tuple[float, float]:
    """Return the stretch of time that the request asks for: the last hour unless it says."""
    rules = world().assumptions
    since, until = _time("start_time"), _time("end_time")
    if until is None:
        until = now if since is None else since + rules.history_window_seconds
    if since is None:
        since = until - rules.history_window_seconds
    if until <= since:
        raise InvalidInput("The 'end_time' must be after the 'start_time'")
    if until - since > rules.longest_history_seconds:
        raise InvalidInput("The range from 'start_time' to 'end_time' must not exceed 7 days")
    return since, until


def _time(name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text.replace(" ", "+"))
        return when.timestamp() if when.tzinfo else datetime.fromisoformat(f"{text}Z").timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"Invalid '{name}' value") from error


def shown_sync(connection: Connection, sync: sync_history.Sync) -> dict[str, Any]:
    """Return a sync as its history shows it."""
    rules = world().assumptions
    status = sync.status or rules.running_sync_status
    status = rules.queued_sync_status if status == sync_history.QUEUED else status
    return {
        "sync_id": events.sync_id(connection.id, sync.start),
        "start": None if status == rules.queued_sync_status else stamp(sync.start),
        "end": None if sync.end is None else stamp(sync.end),
        "status": rules.interrupted_sync_status if status == "RESCHEDULED" else status,
        "reason": sync.reason or None,
    }


@routes.get("/connections/<connection_id>/errors")
def list_errors(connection_id: str) -> ResponseReturnValue:
    """Return what is wrong with a connection now: its tasks, then its warnings."""
    face = shown(found(connection_id))
    status = face["status"]
    when = max(face["failed_at"] or "", face["succeeded_at"] or "") or face["created_at"]
    found_errors = [
        *(_error(task, face["failed_at"] or when) for task in status["tasks"]),
        *(_error(warning, when) for warning in status["warnings"]),
    ]
    page = listed(found_errors, dict)
    return answer(page, message="Connection errors retrieved successfully")


def _error(told: dict[str, str], when: str) -> dict[str, Any]:
    details = told.get("details", "")
    return {
        "type": told["code"],
        "title": told["message"],
        "reason": details.partition(". ")[0].rstrip(".") or told["message"],
        "message": details or told["message"],
        "created_at": when,
    }


@routes.get("/connections/<connection_id>/state")
def get_state(connection_id: str) -> ResponseReturnValue:
    """Return the state of a function."""
    state = function_state.state_of(world(), found(connection_id))
    return answer({"state": state}, message="Connection state retrieved successfully")


@routes.patch("/connections/<connection_id>/state")
def update_state(connection_id: str) -> ResponseReturnValue:
    """Write the state of a function."""
    connection = found(connection_id)
    function_state.write(world(), connection, body())
    state = function_state.state_of(world(), connection)
    return answer({"state": state}, message="Connection state has been updated")


@routes.get("/connections/<connection_id>/certificates", defaults={"kind": "certificates"})
@routes.get("/connections/<connection_id>/fingerprints", defaults={"kind": "fingerprints"})
def list_trusted(connection_id: str, kind: str) -> ResponseReturnValue:
    """Return the certificates or the fingerprints that are trusted for a connection."""
    return _trusted("Connection", kind, certificates.of_connection(found(connection_id))[kind])


@routes.get("/destinations/<destination_id>/certificates", defaults={"kind": "certificates"})
@routes.get("/destinations/<destination_id>/fingerprints", defaults={"kind": "fingerprints"})
def list_trusted_of_destination(destination_id: str, kind: str) -> ResponseReturnValue:
    """Return the certificates or the fingerprints that are trusted for a destination."""
    destination = world().destinations.get(destination_id)
    if destination is None:
        raise NotFound.of("Destination", destination_id)
    return _trusted("Destination", kind, certificates.of_destination(world(), destination)[kind])


def _trusted(owner: str, kind: str, items: Collection[dict[str, Any]]) -> ResponseReturnValue:
    return answer(listed(items, dict), message=f"{owner} {kind} retrieved successfully")
