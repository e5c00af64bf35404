"""The JSON door: the four routes for front ends, the way to the Connect Card and back, health."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Flask, Response, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, UnicodeConverter

from pbf.api import connectors, docs, invitations
from pbf.api.guard import allowed_origins, guard, json_body, leave, opened, protect, public_url
from pbf.api.requests import KEY_HEADER, Filter, NewConnector, read, read_key
from pbf.api.responses import (
    JSON,
    Bodies,
    aged,
    chosen,
    detailed_connector,
    sent,
    show_error,
    show_http_error,
    show_unexpected,
    shown,
)
from pbf.api.schemas import Alive, Connector, Form, Service, Shape, WaitingConnector, absolute
from pbf.cache.entries import Answer
from pbf.config import Settings, load_addresses, origin
from pbf.connectors.connect_card import LONGEST_SLIP
from pbf.errors import InvalidRedirect, PbfError, TooManyRequests, UnknownConnector
from pbf.paths import LONGEST_ID, PREFIX
from pbf.runtime import Runtime, runtime
from pbf.server.cors import AllowOrigins
from pbf.server.hosts import CheckHost
from pbf.server.request_body import LARGEST_BODY

LINES_AT_ONCE = 500
LONGEST_REDIRECT = 2_000

log = logging.getLogger(__name__)
routes = Blueprint("routes", __name__, url_prefix=PREFIX)


class Id(UnicodeConverter):
    """A part of a path that names something; a longer one leads to no route and is not read."""

    def __init__(self, url_map: Map) -> None:
        """Match what may be an id."""
        super().__init__(url_map, maxlength=LONGEST_ID)


class Slip(UnicodeConverter):
    """A part of a path that is signed; a longer one leads to no route and is not read."""

    def __init__(self, url_map: Map) -> None:
        """Match what may be a slip."""
        super().__init__(url_map, maxlength=LONGEST_SLIP)


def create_app(open_runtime: Callable[[], Runtime] = runtime) -> Flask:
    """Return the Flask app over the runtime that `open_runtime` returns."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["pbf"] = open_runtime
    app.extensions["pbf_bodies"] = Bodies()
    app.url_map.converters |= {"default": Id, "slip": Slip}

    def read() -> Settings:
        try:
            return open_runtime().settings
        except Exception:
            return load_addresses()  # each route fails alike, and says what is wrong

    app.wsgi_app = CheckHost(  # type: ignore[method-assign]
        AllowOrigins(app.wsgi_app, read), read
    )
    for blueprint in (routes, connectors.routes, docs.routes, invitations.routes):
        app.register_blueprint(blueprint)
    app.before_request(guard)
    app.register_error_handler(PbfError, show_error)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_unexpected)
    app.after_request(protect)
    app.teardown_request(leave)
    return app


@routes.get("/services")
def list_services() -> ResponseReturnValue:
    """Return the catalogue."""
    return _listed("services", opened().portal.services(), Service)


@routes.get("/connectors")
def list_connectors() -> ResponseReturnValue:
    """Return the tenant's connectors, all or those that match."""
    wanted = Filter.of(request.args)
    answer = opened().portal.connectors()
    if wanted == Filter():
        return _listed("connectors", answer, Connector)
    found = wanted.choose(answer.items, datetime.now(UTC))
    return aged(chosen(found, public_url(), Connector), answer)


@routes.post("/connectors")
def create_connector() -> ResponseReturnValue:
    """Create a connector of a service under a name."""
    wanted = read(NewConnector, json_body())
    made = opened().portal.create(
        wanted.service,
        wanted.name,
        return_url=_return_url(),
        attempt=read_key(request.headers.get(KEY_HEADER)),
    )
    return shown(detailed_connector(made))


@routes.get("/deletions")
def list_deletions() -> ResponseReturnValue:
    """Return the tenant's connectors that are deleted and can be restored."""
    return _listed("deletions", opened().portal.deleted(), WaitingConnector)


@routes.get("/connectors/<connector_id>/form")
def get_form(connector_id: str) -> ResponseReturnValue:
    """Return the address of a new Connect Card.

    With ?redirect_uri= it leads back there, else the caller may append &redirect_uri=.
    """
    portal, wanted = opened().portal, request.args.get("redirect_uri")
    if wanted is not None:
        _check_redirect(wanted)
    card = portal.connect_card(connector_id, redirect_uri=wanted or public_url())
    url = absolute(card.uri if wanted else _without_redirect(card.uri), public_url())
    return _never_kept(shown(Form(url=url, connector_id=connector_id)))


@routes.get("/go/<slip:ticket>")
def go(ticket: str) -> ResponseReturnValue:
    """Lead a browser from one of our pages to a new Connect Card."""
    portal = opened().portal
    connector_id = portal.signer.read_ticket(ticket, portal.tenant.id)
    if connector_id is None:
        return _to_connectors(note="expired")
    try:
        card = portal.hand_off(connector_id, return_url=_return_url())
    except PbfError as error:
        log.warning("no Connect Card: %s: %s", type(error).__name__, error)
        return _to_connectors(note=_reason(error, "no-card"))
    return _never_kept(redirect(absolute(card.uri, public_url()), 303))


@routes.get("/return")
def come_back() -> ResponseReturnValue:
    """Take a browser that comes from a Connect Card back to our pages.

    What the redirect claims counts for nothing; the connector is read anew.
    """
    try:
        connector = opened().portal.come_back(request.args.get("state", ""))
    except PbfError as error:
        log.warning("return not read: %s: %s", type(error).__name__, error)
        return _to_connectors(note=_reason(error, "unread"))
    if connector is None:
        return _to_connectors(note="used")
    return _to_connectors(returned=connector.id)


@routes.get("/audit.csv")
def export_audit() -> ResponseReturnValue:
    """Return who did what to the tenant's connectors as CSV, the oldest entry first.

    Until there is sign-in there is one tenant, and whoever reaches this route reads its log.
    """
    lines = opened().portal.journal.csv()
    parts = iter(lambda: "".join(islice(lines, LINES_AT_ONCE)), "")
    # Read before the answer begins, so that a database that fails is an error and no empty file.
    first = next(parts)
    answer = Response(chain([first], parts), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return _never_kept(answer)


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that this process answers; whether Fivetran does is not asked."""
    return shown(Alive(sandbox=opened().settings.sandbox))


def _listed(kind: str, answer: Answer[Any], shape: type[Shape]) -> Response:
    body = current_app.extensions["pbf_bodies"].whole(kind, public_url(), answer, shape)
    return aged(sent(body, JSON), answer)


def _return_url() -> str:
    return f"{public_url()}{PREFIX}/return"


def _check_redirect(url: str) -> None:
    if len(url) > LONGEST_REDIRECT:
        raise InvalidRedirect(f"redirect_uri is longer than {LONGEST_REDIRECT} characters.")
    try:
        wanted = origin(url)
    except ValueError as exc:
        raise InvalidRedirect("redirect_uri is not an http or https URL.") from exc
    if wanted not in allowed_origins():
        raise InvalidRedirect(
            f"redirect_uri leads to {wanted}, which is not allowed. Add it to PBF_ALLOWED_ORIGINS."
        )


def _without_redirect(url: str) -> str:
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != "redirect_uri"]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _reason(error: PbfError, otherwise: str) -> str:
    """Return the note that the page of connectors shows."""
    if isinstance(error, UnknownConnector):
        return "gone"
    return "too-many" if isinstance(error, TooManyRequests) else otherwise


def _to_connectors(**said: str) -> Response:
    return _never_kept(redirect(f"{public_url()}/connectors?{urlencode(said)}", 303))


def _never_kept(response: Any) -> Response:
    answer: Response = current_app.make_response(response)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
