"""Control over HTTP, under `/_control`: JSON for tests, and a page for people who give demos.

It takes no key. It answers this machine only, unless the sandbox was started otherwise, and no
page of another origin.
"""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card.pages import HEADERS, POLICY
from pbf.sandbox.control.control import REPORTED, Control
from pbf.sandbox.control.faults import KINDS
from pbf.sandbox.control.samples import MOST_CONNECTIONS, MOST_GROUPS, STATES
from pbf.sandbox.core import views
from pbf.sandbox.core.errors import Forbidden, InvalidInput
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
FOUND = 20
LONGEST_SEARCH = 200
# How the names of headers begin that proxies, load balancers and content networks add.
FORWARDED = (
    *(
        "forward",
        "x-forward",
        "via",
        "x-real-",
        "x-original-",
        "x-client",
        "client-ip",
        "x-cluster-",
    ),
    *("true-client-", "cf-", "cdn-", "fastly-", "fly-", "x-amz", "x-azure-", "x-appengine-"),
    *("x-envoy-", "x-varnish", "x-proxy", "proxy-", "wl-proxy-", "x-remote-", "x-host", "x-scheme"),
    *("x-request-start", "front-end-https", "x-arr-", "x-sucuri-", "x-vercel-", "x-traefik"),
)


def control() -> Control:
    """Return the control of the world that this app shows."""
    found: Control = current_app.extensions["control"]
    return found


@routes.before_request
def guard() -> None:
    """Refuse other machines and the pages of other origins."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("No page of another origin may use the sandbox's controls")
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden("No page of another origin may use the sandbox's controls")
    if current_app.extensions["close_control"]:
        raise Forbidden("Others reach this sandbox, so that nobody may use its controls")
    if not current_app.extensions["open_control"] and not _from_here():
        raise Forbidden("Only this machine may use the sandbox's controls")


def _from_here() -> bool:
    """Tell whether the caller is this machine, by its address and by the name it calls us.

    A proxy on this machine calls from here, too, so that none of its marks may be there: a header
    of its own, a page of another host that referred to us, or HTTP/1.0, which nginx speaks.
    """
    if any(name.lower().startswith(FORWARDED) for name, _ in request.headers):
        return False
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return False
    if request.referrer and not _is_local(urlsplit(request.referrer).hostname or ""):
        return False
    host = urlsplit(f"//{request.host}").hostname or ""
    return _is_loopback(request.remote_addr or "") and _is_local(host)


def _is_local(host: str) -> bool:
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


@routes.after_request
def protect(response: Response) -> Response:
    """Refuse framing by others, foreign content and storing."""
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
    """Return the whole world."""
    return Response(control().snapshot(), mimetype="application/json")


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Begin the world anew."""
    given = _given("seed", "now", "speed", "limits", "populated")
    populated = given.get("populated", True)
    if not isinstance(populated, bool):
        raise InvalidInput("Field 'populated' must be true or false")
    limits = given.get("limits")
    control().reset(
        seed=_whole(given, "seed", most=2**63),
        now=_time(given, "now"),
        speed=_number(given, "speed"),
        limits=None if limits is None else str(limits),
        populated=populated,
    )
    return get_state()


@routes.post("/seed")
def seed() -> ResponseReturnValue:
    """Add groups and connectors."""
    given = _given("groups", "connectors", "states")
    states = given.get("states") or {}
    if not isinstance(states, dict):
        raise InvalidInput("Field 'states' must be an object")
    made = control().seed(
        groups=_whole(given, "groups") or 0,
        connectors=_whole(given, "connectors") or 0,
        states={name: _whole(states, name) or 0 for name in states},
    )
    return as_json({**control().state(), "new_groups": [group.id for group in made]})


@routes.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Set the clock, move it forward, or change its speed."""
    given = _given("set", "advance", "speed")
    moment, seconds, speed = _time(given, "set"), _number(given, "advance"), _number(given, "speed")
    if speed is not None:
        control().set_speed(speed)
    if moment is not None:
        control().set_clock(moment)
    if seconds is not None:
        control().advance(seconds)
    return get_state()


@routes.post("/limits")
def set_limits() -> ResponseReturnValue:
    """Put the rate limits of a plan in force."""
    control().set_limits(str(_given("plan").get("plan")))
    return get_state()


@routes.get("/faults")
def list_faults() -> ResponseReturnValue:
    """Return the faults that may still be applied."""
    return as_json({"faults": control().faults()})


@routes.post("/faults")
def add_fault() -> ResponseReturnValue:
    """Inject a fault."""
    given = body()
    return as_json(control().add_fault(**{"kind": "", **given}).public(), 201)


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
    """Return the first connections whose name, service or id holds a text."""
    text = request.args.get("search", "")[:LONGEST_SEARCH].strip().lower()
    with world().lock:
        every = list(world().connections.values())
        fits = [
            each for each in every if text in each.schema or text in each.service or text in each.id
        ]
        found = [_shown(each) for each in fits[:FOUND]]
    return as_json({"connections": found, "found": len(fits)})


@routes.post("/connections/<connection_id>/break")
def break_connection(connection_id: str) -> ResponseReturnValue:
    """Break a connection."""
    _given()
    return _told(control().break_connection(connection_id))


@routes.post("/connections/<connection_id>/mend")
def mend_connection(connection_id: str) -> ResponseReturnValue:
    """Mend a connection as its Connect Card would."""
    _given()
    return _told(control().mend(connection_id))


@routes.post("/connections/<connection_id>/delay")
def delay_connection(connection_id: str) -> ResponseReturnValue:
    """Make a connection late."""
    seconds = _number(_given("seconds"), "seconds")
    how = {} if seconds is None else {"seconds": seconds}
    return _told(control().delay(connection_id, **how))


@routes.post("/connections/<connection_id>/reschedule")
def reschedule_connection(connection_id: str) -> ResponseReturnValue:
    """Put off a connection's next sync."""
    seconds = _number(_given("seconds"), "seconds")
    how = {} if seconds is None else {"seconds": seconds}
    return _told(control().reschedule(connection_id, **how))


@routes.post("/connections/<connection_id>/report")
def report_states(connection_id: str) -> ResponseReturnValue:
    """Tell other states of a connection than it is in."""
    return _told(control().report(connection_id, **_given(*REPORTED)))


@routes.get("/requests")
def list_requests() -> ResponseReturnValue:
    """Return the latest requests to the imitated API and how many there were of each kind."""
    log = control().log
    after = _whole(request.args, "after") or 0
    limit = _whole(request.args, "limit")
    entries = log.entries(after=after) if limit is None else log.entries(after=after, limit=limit)
    counts = log.counts
    api = sum(count for kind, count in counts.items() if " /v1/" in kind)
    return as_json({"total": log.total, "api": api, "counts": counts, "requests": entries})


@routes.delete("/requests")
def clear_requests() -> ResponseReturnValue:
    """Forget the requests and their counts."""
    control().log.clear()
    return list_requests()


def _told(connection: Connection) -> ResponseReturnValue:
    with world().lock:
        return as_json(_shown(connection))


def _shown(connection: Connection) -> dict[str, Any]:
    shown = views.connection(connection, world().clock())
    names = ("id", "group_id", "service", "schema", "paused", "succeeded_at", "failed_at", "status")
    return {name: shown[name] for name in names}


def _given(*known: str) -> dict[str, Any]:
    """Return the body's fields, refusing those that mean nothing here."""
    given = body()
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise InvalidInput(f"Unknown field '{unknown[0]}'")
    return given


def _whole(given: Any, name: str, *, most: int = 10**9) -> int | None:
    value = given.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:20])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidInput(f"Field '{name}' must be a whole number from 0")
    return value


def _number(given: dict[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e11:
        raise InvalidInput(f"Field '{name}' must be a number from 0")
    return float(value)


def _time(given: dict[str, Any], name: str) -> float | None:
    value = given.get(name)
    if not isinstance(value, str):
        return _number(given, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"Field '{name}' must be a time such as 2026-11-24T09:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
