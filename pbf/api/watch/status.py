"""The status page of a tenant, for everybody who has its link; it needs no sign-in.

A link that never worked and one that was revoked cost the same: a digest and one look-up.
"""

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from pbf.api.pages import Page, page_response, rendered_page
from pbf.api.request_context import current_runtime
from pbf.errors import PbfError
from pbf.metrics.outages import log_level
from pbf.paths import LONGEST_ID, PREFIX
from pbf.watch.status_page import LIFETIME

routes = Blueprint("status", __name__, url_prefix=PREFIX)

NOT_VALID = Page(
    "This link does not work",
    "It may have been withdrawn or copied only in part. Ask for a new one.",
)
UNREAD = Page("The status is not known right now", "Open this page again in a few minutes.")


@routes.get(f"/status/<string(maxlength={LONGEST_ID}):token>")
def show(token: str) -> ResponseReturnValue:
    """Show the words, the last 90 days and the incidents of a tenant's connectors."""
    runtime = current_runtime()
    try:
        page = runtime.watch.status_by_link(token)
    except PbfError as error:
        current_app.logger.log(log_level(error), "status page not shown: %s", type(error).__name__)
        return page_response(UNREAD, runtime.identity.branding(), status=503)
    if page is None:
        return page_response(NOT_VALID, runtime.identity.branding(), status=404)
    portal, status = page
    response: Response = rendered_page("status", portal.policy().branding, status=status)
    response.headers["Cache-Control"] = f"private, max-age={LIFETIME:.0f}"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
