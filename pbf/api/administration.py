"""Routes of this server itself: the audit log as CSV, the health check, and the policy's logo."""

from itertools import chain, islice

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from pbf.api.openapi.operations import AUDIT_EXAMPLE, OF_TENANT, Operation
from pbf.api.request_context import current_portal
from pbf.api.responses import json_response, no_store
from pbf.api.schemas import ServerStatus
from pbf.paths import PREFIX
from pbf.server.security_headers import policy

LINES_PER_CHUNK = 500
LOGO_POLICY = policy(style_src="'unsafe-inline'", sandbox="")

routes = Blueprint("administration", __name__, url_prefix=PREFIX)


@routes.get("/audit.csv")
@Operation(tag="Activity", csv=AUDIT_EXAMPLE, errors=OF_TENANT | {"forbidden", "store_unavailable"})
def export_audit() -> ResponseReturnValue:
    """Export the audit log as CSV, the oldest entry first."""
    lines = current_portal().audit_log.csv()
    chunks = iter(lambda: "".join(islice(lines, LINES_PER_CHUNK)), "")
    # Read before the response starts, so that a failing database is an error, not an empty file.
    first = next(chunks)
    response = Response(chain([first], chunks), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return no_store(response)


@routes.get("/healthz")
@Operation(tag="This server", response=ServerStatus, errors=frozenset())
def get_health() -> ResponseReturnValue:
    """Check whether this process answers; AnswerProbes does so before a request gets here."""
    return json_response(ServerStatus())


@routes.get("/logo")
def get_logo() -> ResponseReturnValue:
    """Return the logo that the policy names; its address changes with it."""
    logo = current_portal().policy().branding.logo
    if logo is None:
        raise NotFound
    response = Response(logo.content, content_type=logo.content_type)
    response.headers["Cache-Control"] = "private, max-age=86400"
    # An SVG may contain styles, and scripts, which must not run if it is opened by itself.
    response.headers["Content-Security-Policy"] = LOGO_POLICY
    return response
