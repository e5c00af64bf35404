"""Control over HTTP under `/_control`: JSON for tests, and a page for demos.

It takes no key; `access` says who may use it.
"""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card.pages import HEADERS, POLICY
from pbf.sandbox.control.access import guard
from pbf.sandbox.control.control import REPORTED, Control
from pbf.sandbox.control.faults import KINDS
from pbf.sandbox.control.samples import MOST_CONNECTIONS, MOST_GROUPS, STATES
from pbf.sandbox.core import views
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import as_json, body, world
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.core.records import Connection

routes = Blueprint(
    "control",
    __name__,
    url_prefix="/_control",
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/static",
)
routes.before_request(guard)
MOST_RESULTS = 20
LONGEST_SEARCH = 200


def control() -> Control:
    """Return the control of the world that this app serves."""
    served: Control = current_app.extensions["control"]
    return served


@routes.after_request
def protect(response: Response) -> Response:
    """Add the security headers, and forbid caching of everything but the assets."""
    response.headers.update(HEADERS)
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = POLICY.replace(
        "frame-ancestors 'self'", "frame-ancestors 'none'"
    )
    if request.endpoint != "control.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@routes.get("/", strict_slashes=True)
def show_page() -> ResponseReturnValue:
    """Show the controls as a page."""
    most = {"groups": MOST_GROUPS, "connectors": MOST_CONNECTIONS}
    page = render_template(
        "control.html", kinds=KINDS, plans=list(PLANS), states=list(STATES), most=most
    )
    return make_response(page)


@routes.get("/state")
def get_state() -> ResponseReturnValue:
    """Return the world in a few numbers."""
    return as_json(control().state())


@routes.get("/snapshot")
def get_snapshot() -> ResponseReturnValue:
    """Return the whole state of the world."""
    return Response(control().snapshot(), mimetype="application/json")


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Restart the world."""
    fields = _fields("seed", "now", "speed", "limits", "populated")
    populated = fields.get("populated", True)
    if not isinstance(populated, bool):
        raise InvalidInput("Field 'populated' must be true or false")
    limits = fields.get("limits")
    control().reset(
        seed=_whole(fields, "seed", most=2**63),
        now=_time(fields, "now"),
        speed=_number(fields, "speed"),
        limits=None if limits is None else str(limits),
        populated=populated,
    )
    return get_state()


@routes.post("/seed")
def seed() -> ResponseReturnValue:
    """Add groups and connectors."""
    fields = _fields("groups", "connectors", "states")
    states = fields.get("states") or {}
    if not isinstance(states, dict):
        raise InvalidInput("Field 'states' must be an object")
    groups = control().seed(
        groups=_whole(fields, "groups") or 0,
        connectors=_whole(fields, "connectors") or 0,
        states={name: _whole(states, name) or 0 for name in states},
    )
    return as_json({**control().state(), "new_groups": [group.id for group in groups]})


@routes.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Set the clock, move it forward, or change its speed."""
    fields = _fields("set", "advance", "speed")
    moment, seconds, speed = (
        _time(fields, "set"),
        _number(fields, "advance"),
        _number(fields, "speed"),
    )
    if speed is not None:
        control().set_speed(speed)
    if moment is not None:
        control().set_clock(moment)
    if seconds is not None:
        control().advance(seconds)
    return get_state()


@routes.post("/limits")
def set_limits() -> ResponseReturnValue:
    """Apply the rate limits of a plan."""
    control().set_limits(str(_fields("plan").get("plan")))
    return get_state()


@routes.get("/faults")
def list_faults() -> ResponseReturnValue:
    """Return the faults that may still be applied."""
    return as_json({"faults": control().faults()})


@routes.post("/faults")
def add_fault() -> ResponseReturnValue:
    """Inject a fault."""
    fields = body()
    return as_json(control().add_fault(**{"kind": "", **fields}).public(), 201)


@routes.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """Remove every fault."""
    control().clear_faults()
    return list_faults()


@routes.delete("/faults/<fault_id>")
def clear_fault(fault_id: str) -> ResponseReturnValue:
    """Remove one fault."""
    control().clear_faults(fault_id)
    return list_faults()


@routes.get("/connections")
def find_connections() -> ResponseReturnValue:
    """Return the first connections whose name, service or id contains a text."""
    text = request.args.get("search", "")[:LONGEST_SEARCH].strip().lower()
    with world().lock:
        matching = [
            connection
            for connection in world().connections.values()
            if text in connection.schema or text in connection.service or text in connection.id
        ]
        items = [_view(connection) for connection in matching[:MOST_RESULTS]]
    return as_json({"connections": items, "found": len(matching)})


@routes.post("/connections/<connection_id>/break")
def break_connection(connection_id: str) -> ResponseReturnValue:
    """Break a connection."""
    _fields()
    return _connection_response(control().break_connection(connection_id))


@routes.post("/connections/<connection_id>/mend")
def mend_connection(connection_id: str) -> ResponseReturnValue:
    """Repair a connection as its Connect Card would."""
    _fields()
    return _connection_response(control().mend(connection_id))


@routes.post("/connections/<connection_id>/delay")
def delay_connection(connection_id: str) -> ResponseReturnValue:
    """Delay a connection."""
    seconds = _number(_fields("seconds"), "seconds")
    options = {} if seconds is None else {"seconds": seconds}
    return _connection_response(control().delay(connection_id, **options))


@routes.post("/connections/<connection_id>/reschedule")
def reschedule_connection(connection_id: str) -> ResponseReturnValue:
    """Reschedule a connection's next sync."""
    seconds = _number(_fields("seconds"), "seconds")
    options = {} if seconds is None else {"seconds": seconds}
    return _connection_response(control().reschedule(connection_id, **options))


@routes.post("/connections/<connection_id>/report")
def report_states(connection_id: str) -> ResponseReturnValue:
    """Report other states of a connection than its own."""
    return _connection_response(control().report(connection_id, **_fields(*REPORTED)))


@routes.get("/requests")
def list_requests() -> ResponseReturnValue:
    """Return the latest requests to the imitated API and the number of each kind."""
    log = control().log
    after = _whole(request.args, "after") or 0
    limit = _whole(request.args, "limit")
    entries = log.entries(after=after) if limit is None else log.entries(after=after, limit=limit)
    counts = log.counts
    api = sum(count for kind, count in counts.items() if " /v1/" in kind)
    return as_json({"total": log.total, "api": api, "counts": counts, "requests": entries})


@routes.delete("/requests")
def clear_requests() -> ResponseReturnValue:
    """Remove the requests and their counts."""
    control().log.clear()
    return list_requests()


def _connection_response(connection: Connection) -> ResponseReturnValue:
    with world().lock:
        return as_json(_view(connection))


def _view(connection: Connection) -> dict[str, Any]:
    view = views.connection(connection, world().clock())
    names = ("id", "group_id", "service", "schema", "paused", "succeeded_at", "failed_at", "status")
    return {name: view[name] for name in names}


def _fields(*names: str) -> dict[str, Any]:
    """Return the body's fields; raise InvalidInput for a name that is not listed."""
    fields = body()
    unknown = sorted(fields.keys() - set(names))
    if unknown:
        raise InvalidInput(f"Unknown field '{unknown[0]}'")
    return fields


def _whole(fields: Any, name: str, *, most: int = 10**9) -> int | None:
    value = fields.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:20])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidInput(f"Field '{name}' must be a whole number from 0")
    return value


def _number(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e11:
        raise InvalidInput(f"Field '{name}' must be a number from 0")
    return float(value)


def _time(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if not isinstance(value, str):
        return _number(fields, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"Field '{name}' must be a time such as 2026-11-24T09:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
