"""Sync history, errors and state of a connection."""

from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Forbidden, InvalidInput, NotFound
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import function_state, sync_history
from pbf.sandbox.routes.connections import connection_of_path, current_view
from pbf.sandbox.webhooks import events

CLOCK_SKEW = 60.0
"""A history that ends less than this many seconds ago includes the present."""

routes = Blueprint("syncs", __name__, url_prefix="/v1")


@routes.get("/connections/<connection_id>/sync-history")
def list_syncs(connection_id: str) -> ResponseReturnValue:
    """Return the syncs of a connection that ran in a period of time, the latest first.

    A queued sync has not started; it belongs to a period that includes the present.
    """
    connection, account = connection_of_path(connection_id), world()
    _refuse(account.assumptions.sync_history_refused_status, "The sync history of a connection")
    with account.lock:
        now = account.clock()
        since, until = window(now)
        syncs = sync_history.history(connection, since=since, until=until, now=now)
        if until > now - CLOCK_SKEW and account.assumptions.history_has_queued_syncs:
            syncs += sync_history.queued(connection, now)
    if account.assumptions.history_begins_with_latest:
        syncs.reverse()
    page = requested_page(syncs, lambda sync: sync_view(connection, sync))
    return answer(page, message="Connection sync history retrieved successfully")


def _refuse(status: int, feature: str) -> None:
    """Refuse what the account does not have with a status, if it is not 0."""
    if status == Forbidden.status:
        raise Forbidden(f"{feature} is not available to this account")
    if status:
        raise NotFound(f"HTTP 404 Not Found: GET {request.path}")


def window(now: float) -> tuple[float, float]:
    """Return the period of time that the request asks for, by default the last hour."""
    assumptions = world().assumptions
    since, until = _time("start_time"), _time("end_time")
    if until is None:
        until = now if since is None else since + assumptions.history_window_seconds
    if since is None:
        since = until - assumptions.history_window_seconds
    if until <= since:
        raise InvalidInput("The 'end_time' must be after the 'start_time'")
    if until - since > assumptions.longest_history_seconds:
        raise InvalidInput("The range from 'start_time' to 'end_time' must not exceed 7 days")
    return since, until


def _time(name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return (
            moment.timestamp() if moment.tzinfo else datetime.fromisoformat(f"{text}Z").timestamp()
        )
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"Invalid '{name}' value") from error


def sync_view(connection: Connection, sync: sync_history.Sync) -> dict[str, Any]:
    """Return a sync as the history contains it."""
    assumptions = world().assumptions
    status = sync.status or assumptions.running_sync_status
    status = assumptions.queued_sync_status if status == sync_history.QUEUED else status
    item: dict[str, Any] = {
        "sync_id": events.sync_id(connection.id, sync.start),
        "start": None if status == assumptions.queued_sync_status else stamp(sync.start),
        "end": None if sync.end is None else stamp(sync.end),
        "status": assumptions.interrupted_sync_status if status == "RESCHEDULED" else status,
        "reason": sync.reason or None,
    }
    if assumptions.history_has_volumes:
        item |= sync_history.volumes(connection, sync)
    return item


@routes.get("/connections/<connection_id>/errors")
def list_errors(connection_id: str) -> ResponseReturnValue:
    """Return the errors of a connection now: its tasks, then its warnings (a private preview)."""
    if not world().switches.previews:
        _refuse(world().assumptions.preview_refused_status, "The errors of a connection")
    view = current_view(connection_of_path(connection_id))
    status = view["status"]
    latest = max(view["failed_at"] or "", view["succeeded_at"] or "") or view["created_at"]
    errors = [
        *(_error(task, view["failed_at"] or latest) for task in status["tasks"]),
        *(_error(warning, latest) for warning in status["warnings"]),
    ]
    page = requested_page(errors, dict)
    return answer(page, message="Connection errors retrieved successfully")


def _error(issue: dict[str, str], created_at: str) -> dict[str, Any]:
    details = issue.get("details", "")
    return {
        "type": issue["code"],
        "title": issue["message"],
        "reason": details.partition(". ")[0].rstrip(".") or issue["message"],
        "message": details or issue["message"],
        "created_at": created_at,
    }


@routes.get("/connections/<connection_id>/state")
def get_state(connection_id: str) -> ResponseReturnValue:
    """Return the state of a function."""
    state = function_state.state_of(world(), connection_of_path(connection_id))
    return answer({"state": state}, message="Connection state retrieved successfully")


@routes.patch("/connections/<connection_id>/state")
def update_state(connection_id: str) -> ResponseReturnValue:
    """Write the state of a function."""
    connection = connection_of_path(connection_id)
    function_state.write(world(), connection, body())
    state = function_state.state_of(world(), connection)
    return answer({"state": state}, message="Connection state has been updated")
