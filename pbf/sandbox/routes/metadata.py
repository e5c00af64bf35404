"""The catalogue and its icons."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue import icons, settings
from pbf.sandbox.catalogue.services import service_item, services
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.http import answer, as_json, base_url, requested_page

routes = Blueprint("metadata", __name__)


@routes.get("/v1/metadata/connector-types")
def list_services() -> ResponseReturnValue:
    """Return the catalogue, page by page."""
    base = base_url()
    page = requested_page(services().values(), lambda service: service_item(service, base))
    return answer(page, message="Connectors list retrieved successfully")


@routes.get("/v1/metadata/connector-types/<service_id>")
def get_service(service_id: str) -> ResponseReturnValue:
    """Return one service with the trees of its settings."""
    service = services().get(service_id)
    if service is None:
        raise NotFound(
            f"Connector type with id '{service_id}' does not exist.", code="NotFound_ConnectorType"
        )
    detail = settings.service_detail(service, base_url())
    return answer(detail, message="Connector metadata retrieved successfully")


@routes.get("/public/connector-types")
def list_public_services() -> ResponseReturnValue:
    """Return the whole catalogue as a plain list, without a key."""
    base = base_url()
    items = [service_item(service, base) for service in services().values()]
    envelope = {"code": "Success", "message": "Connectors list retrieved successfully"}
    return as_json({**envelope, "data": items})


@routes.get("/icons/<service_id>.svg")
def get_icon(service_id: str) -> ResponseReturnValue:
    """Return a service's icon."""
    service = services().get(service_id)
    if service is None:
        raise NotFound("There is no such icon.")
    icon = icons.icon(service)
    response = Response(icon.svg, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(icon.tag)
    return response.make_conditional(request)
