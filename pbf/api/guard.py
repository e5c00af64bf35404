"""What every route of the JSON door stands on: the runtime, our address, and who may change things.

Until there is sign-in, a page of another origin that somebody happens to have open must not be
able to act here through their browser.
"""

import json
import logging

from flask import Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wsgi import get_host

from pbf.api.responses import NotJson, refusal
from pbf.config import origin
from pbf.connectors.actor import WHO
from pbf.connectors.client_limits import CLIENT, Client
from pbf.logs import begin, forget, request_id
from pbf.runtime import Runtime
from pbf.server.security_headers import ROUTES

log = logging.getLogger(__name__)

CARRIED = (("Cache-Control", "private, no-cache"), *ROUTES.items())
# Who comes through these is no program.
PEOPLE = {
    "routes.go": "page",
    "routes.come_back": "page",
    "invitations.invite": "link",
    "invitations.come_back": "link",
}
# Each of these makes a Connect Card or uses up a signed state. A page of another site can have any
# browser send a GET, by an image for instance.
LINKED = frozenset(
    # A proxy that signs people in may lead a click on `go` over another site.
    {"routes.go", "routes.come_back", "invitations.invite", "invitations.come_back"}
)
ACTING_GETS = LINKED | {"routes.get_form"}
FOREIGN_ORIGIN = (403, "foreign_origin")
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def opened() -> Runtime:
    """Return the runtime that this app serves."""
    found: Runtime = current_app.extensions["pbf"]()
    return found


def public_url() -> str:
    """Return where callers reach us, without a slash at the end."""
    return opened().settings.public_url or _requested_origin()


def allowed_origins() -> tuple[str, ...]:
    """Return our own origins and those that the settings allow.

    One of ours is the address of the request itself: only our own hosts come so far.
    """
    own = origin(_requested_origin())
    return (origin(public_url()), own, *opened().settings.allowed_origins)


def guard() -> Response | None:
    """Refuse to act for a page of another origin, or by a body that is not JSON."""
    WHO.set(PEOPLE.get(request.endpoint or "", "route"))
    CLIENT.set(Client(request.remote_addr or "", request.headers.get("X-Forwarded-For", "")))
    begin()
    reading = request.method in READING
    if (not reading or request.endpoint in ACTING_GETS) and not _may_act():
        return refusal(
            *FOREIGN_ORIGIN,
            "Pages of other origins may not change anything here. Add the page's origin to "
            "PBF_ALLOWED_ORIGINS, or set PBF_PUBLIC_URL if it is this dashboard's own.",
        )
    # Other types cross origins without the browser asking us first.
    if not reading and not request.is_json and (request.mimetype or _has_a_body()):
        raise UnsupportedMediaType
    return None


def json_body() -> object:
    """Return the body of the request; raise NotJson with what is wrong with it."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return json.loads(request.get_data(), parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        # Only the place and the kind of the mistake: the body is not quoted.
        where = f"line {exc.lineno}, column {exc.colno}"
        raise NotJson(f"The body is not valid JSON: {exc.msg} at {where}.") from None
    except UnicodeDecodeError:
        raise NotJson("The body is not valid JSON: it is not UTF-8.") from None
    except RecursionError:
        raise NotJson("The body is not valid JSON: it is nested too deeply.") from None
    except ValueError:
        raise NotJson("The body is not valid JSON: it holds a number that none can be.") from None


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and infinity are no JSON")


def protect(response: Response) -> Response:
    """Add the headers that every answer carries."""
    there = {name.lower() for name, _ in response.headers}
    wanted = [*CARRIED, ("X-Request-Id", request_id())]
    response.headers.extend([pair for pair in wanted if pair[0].lower() not in there])
    if request.method not in READING and response.status_code < 400:
        log.info("%s %s: %d", request.method, request.path, response.status_code)
    return response


def leave(_error: BaseException | None = None) -> None:
    """Forget who acted and in which request; the thread goes on to serve others."""
    WHO.set("page")
    CLIENT.set(None)
    forget()


def _requested_origin() -> str:
    return f"{request.scheme}://{get_host(request.environ)}"


def _has_a_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _may_act() -> bool:
    """Return whether the sender is a program, one of our own pages, or one that is allowed."""
    if request.method == "OPTIONS" or _is_followed_link():
        return True
    sender = request.headers.get("Origin")
    if sender is not None:
        return _is_allowed(sender)
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")


def _is_followed_link() -> bool:
    """Return whether a person follows a link that may stand in a mail or on Fivetran's pages."""
    kind = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest"))
    return request.endpoint in LINKED and kind == ("navigate", "document")


def _is_allowed(sender: str) -> bool:
    try:
        return origin(sender) in allowed_origins()
    except ValueError:
        return False
