"""The Connect Card: the page where an end user enters credentials and runs setup tests."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue.services import Service, services
from pbf.sandbox.connect_card import fields, links
from pbf.sandbox.connect_card.setup_guide import steps
from pbf.sandbox.core.http import as_json, body, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import setup_tests
from pbf.sandbox.resources.connections import record_tests

routes = Blueprint(
    "connect_card",
    __name__,
    url_prefix="/connect-card",
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/static",
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

# For pages without any content of their own: errors, redirects.
BARE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}


@routes.after_request
def protect(response: Response) -> Response:
    """Add the security headers, and forbid caching of everything but the assets."""
    response.headers.update(HEADERS)
    if request.endpoint != "connect_card.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@routes.errorhandler(links.CardExpired)
def show_expired(_: links.CardExpired) -> ResponseReturnValue:
    """Show that the link is older than a day."""
    return _error_page("expired", 403)


@routes.errorhandler(links.CardUnknown)
def show_unknown(_: links.CardUnknown) -> ResponseReturnValue:
    """Show that the link is not valid."""
    return _error_page("unknown", 404)


def _error_page(reason: str, status: int) -> ResponseReturnValue:
    if request.method == "POST" and request.is_json:
        text = "This link has expired." if reason == "expired" else "This link is not valid."
        return as_json({"code": reason, "message": text}, status)
    return make_response(render_template("refusal.html", reason=reason), status)


def return_address(connection: Connection) -> str:
    """Return the URL to go to after success: the query's, else the card's, else an empty text."""
    requested = [value for value in request.args.getlist("redirect_uri") if _usable(value)]
    if requested:
        return requested[-1]
    configured = str(connection.card.get("redirect_uri", ""))
    return configured if _usable(configured) else ""


def _usable(address: str) -> bool:
    return address.startswith(("http://", "https://")) and bool(urlsplit(address).netloc)


@routes.get("/setup")
def show_card() -> ResponseReturnValue:
    """Show the card of a connection."""
    connection = links.connection_of(world(), request.args.get("auth", ""))
    service = services()[connection.service]
    trusted = connection.setup_state == "connected"
    all_fields = bool(connection.card.get("all_fields"))
    head, more = fields.card_fields(
        service, connection.config, trusted=trusted, all_fields=all_fields
    )
    return render_template(
        "card.html",
        connection=connection,
        service=service,
        more=more,
        **_consent(service, connection, head),
        tests=setup_tests.titles(service),
        steps=steps(service),
        guide=request.args.get("hide_setup_guide") != "true",
        token=request.args["auth"],
        query=urlencode(_query()),
        back=return_address(connection),
        host=urlsplit(return_address(connection)).netloc,
    )


def _consent(
    service: Service, connection: Connection, head: list[fields.CardField]
) -> dict[str, Any]:
    """Return the template's variables for consent, and the other fields of the head."""
    consent_choice = fields.consent_choice(service)
    return {
        "choice": next((item for item in head if item.name == consent_choice[0]), None),
        "head": [item for item in head if item.name != consent_choice[0]],
        "offers_consent": fields.offers_consent(service),
        "consent_choice": consent_choice,
        "authorised": connection.authorised,
    }


def _query() -> list[tuple[str, str]]:
    names = ("auth", "redirect_uri", "hide_setup_guide")
    return [pair for pair in request.args.items(multi=True) if pair[0] in names]


@routes.get("/authorise")
def show_consent() -> ResponseReturnValue:
    """Show the imitation of the service's own consent page."""
    connection = links.connection_of(world(), request.args.get("auth", ""))
    service = services()[connection.service]
    return render_template("consent.html", service=service, query=urlencode(_query()))


@routes.post("/authorise")
def give_consent() -> ResponseReturnValue:
    """Record the consent and go back to the card."""
    connection = links.connection_of(world(), request.args.get("auth", ""))
    with world().lock:
        connection.authorised = True
    return redirect(f"setup?{urlencode(_query())}", code=303)


@routes.post("/test")
def save_and_test() -> ResponseReturnValue:
    """Validate the values, run the setup tests and return their results."""
    submitted = body()
    connection = links.connection_of(world(), str(submitted.get("auth", "")))
    service = services()[connection.service]
    raw = submitted.get("values")
    values = {key: str(value) for key, value in raw.items()} if isinstance(raw, dict) else {}
    errors = _errors(service, connection, values)
    if errors:
        return as_json({"passed": False, "errors": errors, "tests": []})
    outcome = submitted.get("outcome")
    passed = outcome != "fail"
    if passed:
        _save(connection, service, values)
    record_tests(world(), connection, passed=passed)
    tests = setup_tests.results(service, passed=passed, warned=outcome == "warn")
    blamed = {} if passed else {fields.failed_field(service, values): setup_tests.refusal(service)}
    return as_json({"passed": passed, "errors": {}, "tests": tests, "blamed": blamed})


def _errors(service: Service, connection: Connection, values: Mapping[str, str]) -> dict[str, str]:
    trusted = connection.setup_state == "connected"
    errors = fields.problems(service, values, config=connection.config, trusted=trusted)
    if fields.requires_consent(service, values) and not connection.authorised:
        errors["authorise"] = f"Authorise access to {service.name} first."
    return errors


def _save(connection: Connection, service: Service, values: Mapping[str, str]) -> None:
    with world().lock:
        connection.config.update(fields.stored(service, values))
        connection.static_fields = None
        world().pass_setup(connection.id)
