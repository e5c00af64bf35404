"""Control over HTTP under `/_control`: JSON for tests, and a page for demos.

It takes no key; `access` says who may use it.
"""

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card.pages import HEADERS, POLICY
from pbf.sandbox.control.access import guard
from pbf.sandbox.control.control import Control
from pbf.sandbox.control.fault_rules import KINDS
from pbf.sandbox.control.request_log import MOST_ENTRIES
from pbf.sandbox.control.samples import MOST_CONNECTIONS, MOST_GROUPS, STATES
from pbf.sandbox.control.snapshots import snapshot
from pbf.sandbox.core import views
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import as_json, body, world
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources.access.plans import PLANS as ACCOUNT_PLANS
from pbf.sandbox.resources.users import roles

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
    names = [role.name for role in roles() if role.scope == "ACCOUNT"]
    page = render_template(
        "control.html",
        kinds=KINDS,
        plans=list(PLANS),
        states=list(STATES),
        most=most,
        roles={**dict(zip(names, names, strict=True)), "": "None, only memberships"},
        account_plans={plan: plan.replace("_", " ").capitalize() for plan in ACCOUNT_PLANS},
    )
    return make_response(page)


@routes.get("/state")
def get_state() -> ResponseReturnValue:
    """Return the world in a few numbers."""
    return as_json(control().state())


@routes.get("/snapshot")
def get_snapshot() -> ResponseReturnValue:
    """Return the whole state of the world."""
    return Response(snapshot(world()), mimetype="application/json")


@routes.get("/snapshots")
def list_snapshots() -> ResponseReturnValue:
    """Return the snapshots that can be restored."""
    return as_json({"snapshots": control().snapshots.listed()})


@routes.post("/snapshots")
def save_snapshot() -> ResponseReturnValue:
    """Take a snapshot of the world under a name."""
    control().save(**given())
    return list_snapshots()


@routes.post("/snapshots/<name>/restore")
def restore_snapshot(name: str) -> ResponseReturnValue:
    """Return to a snapshot."""
    control().restore(name, **given())
    return get_state()


@routes.delete("/snapshots/<name>")
def delete_snapshot(name: str) -> ResponseReturnValue:
    """Delete a snapshot."""
    control().snapshots.delete(name)
    return list_snapshots()


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Restart the world."""
    control().reset(**given())
    return get_state()


@routes.post("/seed")
def seed() -> ResponseReturnValue:
    """Add groups and connectors."""
    groups = control().seed(**given())
    return as_json({**control().state(), "new_groups": [group.id for group in groups]})


@routes.post("/clock")
def change_clock() -> ResponseReturnValue:
    """Set the clock, move it forward, or change its speed."""
    control().change_clock(**given())
    return get_state()


@routes.post("/limits")
def set_limits() -> ResponseReturnValue:
    """Apply the rate limits of a plan."""
    control().set_limits(**given())
    return get_state()


@routes.post("/switches")
def set_switches() -> ResponseReturnValue:
    """Change the plan, the part in private previews, or the role of the key's user."""
    control().set_switches(**given())
    return get_state()


@routes.get("/faults")
def list_faults() -> ResponseReturnValue:
    """Return the faults that may still be applied."""
    return as_json({"faults": control().faults()})


@routes.post("/faults")
def add_fault() -> ResponseReturnValue:
    """Inject a fault."""
    return as_json(control().add_fault(**given()).public(), 201)


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


@routes.post("/connections/<connection_id>/<any(break, mend, delay, reschedule, report):operation>")
def change_connection(connection_id: str, operation: str) -> ResponseReturnValue:
    """Break, mend, delay or reschedule a connection, or report other states than its own."""
    operations = {
        "break": control().break_connection,
        "mend": control().mend,
        "delay": control().delay,
        "reschedule": control().reschedule,
        "report": control().report,
    }
    connection = operations[operation](connection_id, **given())
    with world().lock:
        return as_json(_view(connection))


@routes.get("/requests")
def list_requests() -> ResponseReturnValue:
    """Return the latest requests to the imitated API and the number of each kind."""
    log = control().log
    entries = log.entries(after=_whole("after", 0), limit=_whole("limit", MOST_ENTRIES))
    counts = log.counts
    api = sum(count for kind, count in counts.items() if " /v1/" in kind)
    return as_json({"total": log.total, "api": api, "counts": counts, "requests": entries})


@routes.delete("/requests")
def clear_requests() -> ResponseReturnValue:
    """Remove the requests and their counts."""
    control().log.clear()
    return list_requests()


def given() -> dict[str, Any]:
    """Return the fields of the body; a null counts as absent."""
    return {name: value for name, value in body().items() if value is not None}


def _view(connection: Connection) -> dict[str, Any]:
    view = views.connection(connection, world().clock())
    names = ("id", "group_id", "service", "schema", "paused", "succeeded_at", "failed_at", "status")
    return {name: view[name] for name in names}


def _whole(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise InvalidInput(f"Field '{name}' must be a whole number from 0")
    return int(text[:20])
