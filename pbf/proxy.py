"""The JSON door: the four routes for front ends, the way to the Connect Card and back, health."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Flask, Response, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from pbf.answers import (
    Bodies,
    absolute,
    listed,
    public_connector,
    public_service,
    show_error,
    show_http_error,
    show_unexpected,
)
from pbf.cache import Answer
from pbf.config import origin
from pbf.errors import InputError, InvalidName, InvalidRedirect, PbfError, UnknownConnector
from pbf.runtime import Runtime, runtime

PREFIX = "/_"
LARGEST_BODY = 64 * 1024
routes = Blueprint("routes", __name__, url_prefix=PREFIX)


def create_app(open_runtime: Callable[[], Runtime] = runtime) -> Flask:
    """Return the Flask app over the runtime that `open_runtime` returns."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["pbf"] = open_runtime
    app.extensions["pbf_bodies"] = Bodies()
    app.register_blueprint(routes)
    app.register_error_handler(PbfError, show_error)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_unexpected)
    app.after_request(_protect)
    return app


@routes.get("/services")
def list_services() -> ResponseReturnValue:
    """Return the catalogue."""
    return _listed("services", _runtime().portal.services(), public_service)


@routes.get("/connectors")
def list_connectors() -> ResponseReturnValue:
    """Return the tenant's connectors."""
    return _listed("connectors", _runtime().portal.connectors(), public_connector)


@routes.get("/connectors/<connector_id>")
def get_connector(connector_id: str) -> ResponseReturnValue:
    """Return one of the tenant's connectors."""
    return jsonify(public_connector(_runtime().portal.connector(connector_id)))


@routes.post("/connectors")
def create_connector() -> ResponseReturnValue:
    """Create a connector of a service under a name."""
    wanted = request.get_json()
    if not isinstance(wanted, dict):
        raise InputError('Send a JSON object: {"service": "...", "name": "..."}.')
    service, name = wanted.get("service"), wanted.get("name")
    if not isinstance(service, str) or not service:
        raise InputError("The field service is missing. Send the id of a service.")
    if not isinstance(name, str):
        raise InvalidName("The field name is missing. Send a name for the connector.")
    made = _runtime().portal.create(service, name, return_url=_return_url())
    return jsonify(public_connector(made))


@routes.get("/connectors/<connector_id>/form")
def get_form(connector_id: str) -> ResponseReturnValue:
    """Return the address of a new Connect Card.

    With ?redirect_uri= it leads back there, else the caller may append &redirect_uri=.
    """
    portal, wanted = _runtime().portal, request.args.get("redirect_uri")
    if wanted is not None:
        _check_redirect(wanted)
    card = portal.connect_card(connector_id, redirect_uri=wanted or _public_url())
    url = absolute(card.uri if wanted else _without_redirect(card.uri), _public_url())
    return _never_kept(jsonify({"url": url, "connectorId": connector_id}))


@routes.get("/go/<ticket>")
def go(ticket: str) -> ResponseReturnValue:
    """Lead a browser from one of our pages to a new Connect Card."""
    portal = _runtime().portal
    connector_id = portal.signer.read_ticket(ticket, portal.tenant.id)
    if connector_id is None:
        return _to_connectors(note="expired")
    try:
        card = portal.hand_off(connector_id, return_url=_return_url())
    except PbfError as error:
        current_app.logger.warning("no Connect Card: %s", type(error).__name__)
        return _to_connectors(note="gone" if isinstance(error, UnknownConnector) else "no-card")
    return _never_kept(redirect(absolute(card.uri, _public_url()), 303))


@routes.get("/return")
def come_back() -> ResponseReturnValue:
    """Take a browser that comes from a Connect Card back to our pages.

    What the redirect claims counts for nothing; the connector is read anew.
    """
    try:
        connector = _runtime().portal.come_back(request.args.get("state", ""))
    except PbfError as error:
        current_app.logger.warning("return not read: %s", type(error).__name__)
        return _to_connectors(note="gone" if isinstance(error, UnknownConnector) else "unread")
    if connector is None:
        return _to_connectors(note="used")
    return _to_connectors(returned=connector.id)


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that this process answers; whether Fivetran does is not asked."""
    settings = _runtime().settings
    return jsonify({"status": "ok", "sandbox": settings.sandbox})


def _listed(
    kind: str, answer: Answer[Any], shape: Callable[[Any, str], dict[str, Any]]
) -> Response:
    return listed(current_app.extensions["pbf_bodies"], kind, _public_url(), answer, shape)


def _runtime() -> Runtime:
    opened: Runtime = current_app.extensions["pbf"]()
    return opened


def _public_url() -> str:
    return _runtime().settings.public_url or f"{request.scheme}://{request.host}"


def _return_url() -> str:
    return f"{_public_url()}{PREFIX}/return"


def _check_redirect(url: str) -> None:
    settings = _runtime().settings
    try:
        wanted = origin(url)
    except ValueError as exc:
        raise InvalidRedirect("redirect_uri is not an http or https URL.") from exc
    if wanted not in (origin(_public_url()), *settings.allowed_origins):
        raise InvalidRedirect(
            f"redirect_uri leads to {wanted}, which is not allowed. Add it to PBF_ALLOWED_ORIGINS."
        )


def _without_redirect(url: str) -> str:
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != "redirect_uri"]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _to_connectors(**said: str) -> Response:
    return _never_kept(redirect(f"{_public_url()}/connectors?{urlencode(said)}", 303))


def _never_kept(response: Any) -> Response:
    answer: Response = current_app.make_response(response)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _protect(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
