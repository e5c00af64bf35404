"""The Connect Card: the page where an end user enters credentials, and its setup tests."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue.services import Service, services
from pbf.sandbox.connect_card import fields, links
from pbf.sandbox.connect_card.setup_guide import steps
from pbf.sandbox.core.http import as_json, body, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import setup_tests

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

# For pages that need nothing: errors, redirects.
BARE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}


@routes.after_request
def protect(response: Response) -> Response:
    """Refuse framing by others, foreign content, and storing of anything but the assets."""
    response.headers.update(HEADERS)
    if request.endpoint != "connect_card.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@routes.errorhandler(links.CardExpired)
def tell_expired(_: links.CardExpired) -> ResponseReturnValue:
    """Say that the link is older than a day."""
    return _refusal("expired", 403)


@routes.errorhandler(links.CardUnknown)
def tell_unknown(_: links.CardUnknown) -> ResponseReturnValue:
    """Show that the link is not valid."""
    return _refusal("unknown", 404)


def _refusal(reason: str, status: int) -> ResponseReturnValue:
    if request.method == "POST" and request.is_json:
        text = "This link has expired." if reason == "expired" else "This link is not valid."
        return as_json({"code": reason, "message": text}, status)
    return make_response(render_template("refusal.html", reason=reason), status)


def return_address(connection: Connection) -> str:
    """Return where to go after success: the query's address, else the card's, else nowhere."""
    given = [value for value in request.args.getlist("redirect_uri") if _usable(value)]
    if given:
        return given[-1]
    configured = str(connection.card.get("redirect_uri", ""))
    return configured if _usable(configured) else ""


def _usable(address: str) -> bool:
    return address.startswith(("http://", "https://")) and bool(urlsplit(address).netloc)


@routes.get("/setup")
def show_card() -> ResponseReturnValue:
    """Show the card of a connection."""
    connection = links.opened(world(), request.args.get("auth", ""))
    service = services()[connection.service]
    trusted = connection.setup_state == "connected"
    every = bool(connection.card.get("all_fields"))
    head, more = fields.card_fields(service, connection.config, trusted=trusted, all_fields=every)
    consent_choice = fields.consent_choice(service)
    return render_template(
        "card.html",
        connection=connection,
        service=service,
        choice=next((item for item in head if item.name == consent_choice[0]), None),
        head=[item for item in head if item.name != consent_choice[0]],
        more=more,
        offers_consent=fields.offers_consent(service),
        consent_choice=consent_choice,
        authorised=connection.authorised,
        tests=setup_tests.titles(service),
        steps=steps(service),
        guide=request.args.get("hide_setup_guide") != "true",
        token=request.args["auth"],
        query=urlencode(_query()),
        back=return_address(connection),
        host=urlsplit(return_address(connection)).netloc,
    )


def _query() -> list[tuple[str, str]]:
    wanted = ("auth", "redirect_uri", "hide_setup_guide")
    return [pair for pair in request.args.items(multi=True) if pair[0] in wanted]


@routes.get("/authorise")
def show_consent() -> ResponseReturnValue:
    """Show the imitation of the service's own consent page."""
    connection = links.opened(world(), request.args.get("auth", ""))
    service = services()[connection.service]
    return render_template("consent.html", service=service, query=urlencode(_query()))


@routes.post("/authorise")
def give_consent() -> ResponseReturnValue:
    """Note that access was allowed and go back to the card."""
    connection = links.opened(world(), request.args.get("auth", ""))
    with world().lock:
        connection.authorised = True
    return redirect(f"setup?{urlencode(_query())}", code=303)


@routes.post("/test")
def save_and_test() -> ResponseReturnValue:
    """Check the values, run the setup tests and return the verdict."""
    given = body()
    connection = links.opened(world(), str(given.get("auth", "")))
    service = services()[connection.service]
    raw = given.get("values")
    values = {key: str(value) for key, value in raw.items()} if isinstance(raw, dict) else {}
    faults = _faults(service, connection, values)
    if faults:
        return as_json({"passed": False, "errors": faults, "tests": []})
    outcome = given.get("outcome")
    passed = outcome != "fail"
    if passed:
        _save(connection, service, values)
    world().observer.note_setup(connection, passed=passed)
    tests = setup_tests.results(service, passed=passed, warned=outcome == "warn")
    blamed = {} if passed else {fields.blamed(service, values): setup_tests.refusal(service)}
    return as_json({"passed": passed, "errors": {}, "tests": tests, "blamed": blamed})


def _faults(service: Service, connection: Connection, values: Mapping[str, str]) -> dict[str, str]:
    trusted = connection.setup_state == "connected"
    faults = fields.problems(service, values, config=connection.config, trusted=trusted)
    if fields.wants_consent(service, values) and not connection.authorised:
        faults["authorise"] = f"Authorise access to {service.name} first."
    return faults


def _save(connection: Connection, service: Service, values: Mapping[str, str]) -> None:
    with world().lock:
        connection.config.update(fields.stored(service, values))
        connection.face = None
        world().pass_setup(connection.id)
