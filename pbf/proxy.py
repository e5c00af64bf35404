"""The JSON API: create_app() and the four routes of Fivetran's sample."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from pbf.api import (
    administration,
    connect_card,
    connectors,
    error_handlers,
)
from pbf.api.account import routes as account
from pbf.api.admin import me, members, tenants, tokens
from pbf.api.colleague_links.pages import routes as invitation_pages
from pbf.api.colleague_links.routes import routes as invitation_routes
from pbf.api.connectors import CONNECTOR
from pbf.api.guard import end_change, guard, report
from pbf.api.maintenance.routes import routes as maintenance_routes
from pbf.api.notifications import routes as notifications
from pbf.api.openapi.operations import (
    CREATES,
    FILTERS,
    FORMS,
    IDEMPOTENCY,
    READS_FIVETRAN,
    REDIRECT,
    Operation,
)
from pbf.api.openapi.routes import routes as openapi_routes
from pbf.api.redirect_uris import check_redirect
from pbf.api.request_context import current_portal, json_body, public_url
from pbf.api.requests import (
    KEY_HEADER,
    Filter,
    NewConnector,
    read,
    read_key,
)
from pbf.api.responses import (
    BodyCache,
    detailed_connector,
    filtered_list,
    json_response,
    no_store,
    whole_list,
    with_age,
)
from pbf.api.schemas import Connector, ConnectorDetail, Form, Service
from pbf.api.sign_in.routes import routes as sign_in_routes
from pbf.api.sign_in.sign_in import sign_in_of
from pbf.api.sign_in.sso import routes as sso_routes
from pbf.api.sign_in.sso import sso_of
from pbf.api.timeline.routes import routes as timeline_routes
from pbf.api.watch import routes as watch
from pbf.api.watch import status
from pbf.api.webhooks.routes import routes as hook_routes
from pbf.clock import utc_now
from pbf.concurrency.bulkheads import PoolThreads
from pbf.config import Settings, load_addresses
from pbf.connectors.access.changes_at_once import ChangesAtOnce
from pbf.metrics.tracing.spans import trace_routes
from pbf.paths import PREFIX
from pbf.runtime import Runtime, runtime
from pbf.runtime.readiness import ReadinessCheck
from pbf.server.host_header import CheckHost
from pbf.server.probes.answers import AnswerProbes, ReadinessWatch
from pbf.server.request_body import LARGEST_BODY
from pbf.server.route_headers import AddRouteHeaders

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

routes = Blueprint("routes", __name__, url_prefix=PREFIX)
BLUEPRINTS = (
    routes,
    connectors.routes,
    timeline_routes,
    connect_card.routes,
    invitation_pages,
    invitation_routes,
    maintenance_routes,
    administration.routes,
    notifications.routes,
    me.routes,
    members.routes,
    tokens.routes,
    tenants.routes,
    sign_in_routes,
    sso_routes,
    account.routes,
    watch.routes,
    status.routes,
    hook_routes,
    openapi_routes,
)


class _Api(Flask):
    """The app; it has no asynchronous functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; Flask checks at each call whether it is a coroutine."""
        return func


def create_app(
    open_runtime: Callable[[], Runtime] = runtime,
    *,
    check_host: bool = True,
    readiness: ReadinessWatch | None = None,
    threads: int | None = None,
) -> Flask:
    """Return the Flask app over the runtime that `open_runtime` returns.

    Without `check_host`, the server in front of the app has to check the Host header. Without
    `readiness`, the app watches its dependencies itself once it is asked. `threads` is how many
    the server has for it; fewer than half of them may wait for the database, or for Fivetran.
    """
    app = _Api(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["pbf"] = open_runtime
    app.extensions["pbf_sign_in"] = lambda: sign_in_of(open_runtime(), public_url())
    app.extensions["pbf_sso"] = lambda: sso_of(open_runtime(), public_url())
    app.extensions["pbf_bodies"] = BodyCache()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.extensions["pbf_changes"] = ChangesAtOnce()
    app.before_request(guard)
    app.teardown_request(end_change)
    error_handlers.register(app)
    app.after_request(report)
    trace_routes(app)
    _wrap(app, open_runtime, check_host=check_host)
    if threads:
        app.wsgi_app = _in_pool(app.wsgi_app, PoolThreads(threads))  # type: ignore[assignment, method-assign]
    readiness = readiness or ReadinessWatch(ReadinessCheck(open_runtime))
    app.wsgi_app = AnswerProbes(app.wsgi_app, readiness)  # type: ignore[method-assign]
    return app


@routes.get("/services")
@Operation(tag="Services", response=Service, many=True, errors=READS_FIVETRAN)
def list_services() -> ResponseReturnValue:
    """List the catalogue."""
    portal = current_portal()
    return whole_list(portal.tenant.id, portal.services(), Service, base=public_url())


@routes.get("/connectors")
@Operation(
    tag="Connectors",
    response=Connector,
    many=True,
    query=FILTERS,
    errors=READS_FIVETRAN | {"invalid_request"},
)
def list_connectors() -> ResponseReturnValue:
    """List the connectors, all or filtered."""
    portal = current_portal()
    if not request.query_string:
        return whole_list(portal.tenant.id, portal.connectors(), Connector)
    query = Filter.of(request.args)
    connectors = portal.connectors()
    matches = query.choose(connectors.items, utc_now())
    return with_age(filtered_list(matches, Connector), connectors)


@routes.post("/connectors")
@Operation(
    tag="Connectors",
    response=ConnectorDetail,
    body=NewConnector,
    headers=IDEMPOTENCY,
    errors=CREATES,
)
def create_connector() -> ResponseReturnValue:
    """Create a connector."""
    new = read(NewConnector, json_body())
    connector = current_portal().create(
        new.service,
        new.name,
        public_url=public_url(),
        attempt=read_key(request.headers.get(KEY_HEADER)),
    )
    return json_response(detailed_connector(connector))


@routes.get(f"{CONNECTOR}/form")
@Operation(response=Form, query=REDIRECT, errors=FORMS)
def get_form(connector_id: str) -> ResponseReturnValue:
    """Get the address of a new Connect Card.

    The card leads back to ?redirect_uri=; without it, the caller may append &redirect_uri=.
    """
    redirect_uri = request.args.get("redirect_uri")
    if redirect_uri is not None:
        check_redirect(redirect_uri)
    cards = current_portal().cards
    url = cards.form(connector_id, redirect_uri=redirect_uri, public_url=public_url())
    return no_store(json_response(Form(url=url, connector_id=connector_id)))


def _in_pool(app: "WSGIApplication", pool: PoolThreads) -> "WSGIApplication":
    """Return an app whose threads are those of a pool."""

    def handle(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        pool.add_current()
        return app(environ, start_response)

    return handle


def _wrap(app: Flask, open_runtime: Callable[[], Runtime], *, check_host: bool) -> None:
    """Put the checks of host and origin in front of an app."""

    def read_settings() -> Settings:
        try:
            return open_runtime().settings
        except Exception:
            return load_addresses()  # every route reports the error itself

    wsgi_app: WSGIApplication = AddRouteHeaders(app.wsgi_app, read_settings)
    if check_host:
        wsgi_app = CheckHost(wsgi_app, read_settings)
    app.wsgi_app = wsgi_app  # type: ignore[assignment, method-assign]
