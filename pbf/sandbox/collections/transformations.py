"""Transformations: a run ends by the world's clock; a schedule is kept but starts nothing."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.collections import transformation_bodies as bodies
from pbf.sandbox.collections.collection import Collection, Messages, change, routes_of
from pbf.sandbox.collections.transformation_projects import PROJECTS
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.world import World

RUN_SECONDS = 60.0


def packages() -> Mapping[str, dict[str, Any]]:
    """Return the Quickstart packages by name."""
    return {package["name"]: package for package in read_data("quickstart_packages.json")}


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a transformation, which belongs to the group of its project or first connection."""
    new = bodies.NewTransformation.read(body)
    config = new.transformation_config
    if new.type == "DBT_CORE":
        dbt = bodies.DbtConfig.read(config)
        fields, group_id = dbt.given(), PROJECTS.get(account, dbt.project_id).group_id
    else:
        fields, group_id = _quickstart(account, bodies.QuickstartConfig.read(config))
    whole = {**new.given(), "paused": new.paused, "schedule": new.schedule.given()}
    resource = TRANSFORMATIONS.add(account, {**whole, "transformation_config": fields})
    resource.state["group_id"] = group_id
    return view(account, resource)


def _quickstart(account: World, config: bodies.QuickstartConfig) -> tuple[dict[str, Any], str]:
    if config.package_name not in packages():
        raise InvalidInput("Invalid 'package_name' value")
    groups = [account.connection(connection_id).group_id for connection_id in config.connection_ids]
    return config.model_dump(), next(iter(groups), "")


def update(account: World, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change a transformation."""
    changes = bodies.TransformationChange.read(body)
    fields = changes.given()
    if "transformation_config" in fields:
        is_dbt = resource.fields["type"] == "DBT_CORE"
        model = bodies.DbtChange if is_dbt else bodies.QuickstartChange
        config = model.read(changes.transformation_config).given()
        if "project_id" in config:
            resource.state["group_id"] = PROJECTS.get(account, config["project_id"]).group_id
        present = resource.fields["transformation_config"]
        fields["transformation_config"] = {**present, **config}
    change(account, resource, fields)
    return view(account, resource)


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a transformation as it is now."""
    fields = dict(resource.fields)
    config, models = fields["transformation_config"], []
    if fields["type"] == "QUICKSTART":
        every = packages()[config["package_name"]]["output_model_names"]
        models = [name for name in every if name not in config["excluded_models"]]
        fields["transformation_config"] = {**config, "upgrade_available": False}
    return {
        "id": resource.id,
        **fields,
        **_run(account, resource),
        "created_at": stamp(resource.created_at),
        "created_by_id": resource.created_by,
        "output_model_names": models,
    }


def _run(account: World, resource: Resource) -> dict[str, str]:
    """Return the status of a transformation, and when its last run started and ended."""
    started = resource.state.get("started_at")
    if started is None:
        return {"status": "NEW"}
    canceled = resource.state.get("canceled_at")
    ended = started + RUN_SECONDS if canceled is None else canceled
    if account.clock() < ended:
        return {"status": "RUNNING", "last_started_at": stamp(started)}
    status = "SUCCEEDED" if canceled is None else "CANCELED"
    return {"status": status, "last_started_at": stamp(started), "last_ended_at": stamp(ended)}


def is_running(account: World, resource: Resource) -> bool:
    """Return whether a transformation runs now."""
    return _run(account, resource)["status"] == "RUNNING"


def matches(_account: World, resource: Resource, query: Mapping[str, str]) -> bool:
    """Return whether a list with this query contains a transformation."""
    config = resource.fields["transformation_config"]
    return (
        query.get("type") in (None, resource.fields["type"])
        and query.get("project_id") in (None, config.get("project_id"))
        and query.get("group_id") in (None, resource.group_id)
    )


TRANSFORMATIONS = Collection(
    path="/v1/transformations",
    kind="Transformation",
    messages=Messages(
        listed="Transformations list retrieved successfully",
        read="Transformation details retrieved successfully",
        created="Transformation created successfully",
        updated="Transformation updated successfully",
        deleted="Transformation with id '{id}' has been deleted",
    ),
    view=view,
    create=create,
    update=update,
    matches=matches,
)
routes = routes_of(TRANSFORMATIONS)


@routes.post("/<transformation_id>/run")
def run_transformation(transformation_id: str) -> ResponseReturnValue:
    """Start a run; one that is running continues."""
    account = world()
    with account.lock:
        resource = TRANSFORMATIONS.get(account, transformation_id)
        bodies.Run.read(body(optional=True))
        if not is_running(account, resource):
            resource.state.pop("canceled_at", None)
            resource.state["started_at"] = account.clock()
    return answer(message=f"Transformation with id '{resource.id}' has been started")


@routes.post("/<transformation_id>/cancel")
def cancel_transformation(transformation_id: str) -> ResponseReturnValue:
    """End a run that is running."""
    account = world()
    with account.lock:
        resource = TRANSFORMATIONS.get(account, transformation_id)
        if is_running(account, resource):
            resource.state["canceled_at"] = account.clock()
    return answer(message=f"Transformation with id '{resource.id}' has been canceled")


@routes.post("/<transformation_id>/upgrade")
def upgrade_transformation(transformation_id: str) -> ResponseReturnValue:
    """Use the latest version of a Quickstart package, which a transformation always does."""
    resource = TRANSFORMATIONS.get(world(), transformation_id)
    if resource.fields["type"] != "QUICKSTART":
        raise NotFound("Transformation Package not found", code="NotFound_Package")
    return answer(message="Transformation package has been upgraded")


@routes.get("/package-metadata")
def list_packages() -> ResponseReturnValue:
    """Return the Quickstart packages, those of a service or with a name if the query says so."""
    query = request.args
    chosen = [
        package
        for package in packages().values()
        if query.get("service") in (None, *package["connector_types"])
        and query.get("name", "") in package["name"]
    ]
    message = "Transformation package metadata list retrieved successfully"
    return answer(requested_page(chosen, dict), message=message)


@routes.get("/package-metadata/<package_id>")
def get_package(package_id: str) -> ResponseReturnValue:
    """Return one Quickstart package."""
    for package in packages().values():
        if package["id"] == package_id:
            message = "Transformation package metadata details retrieved successfully"
            return answer(package, message=message)
    raise NotFound.of("Package", package_id)
