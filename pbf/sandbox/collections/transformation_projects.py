"""Transformation projects: no repository is read, so their tests pass."""

from collections.abc import Mapping
from typing import Any, Literal

from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.bodies import Body, Flag, Text, Texts
from pbf.sandbox.collections.collection import Collection, Messages, change, routes_of
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.http import answer, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.groups import public_key

TESTS = ("Git Connection", "dbt Project", "Destination Connection")


class ConfigChange(Body):
    """The settings of a project that can change."""

    folder_path: str = ""
    git_branch: str = "main"
    threads: int = 4
    target_name: str = "prod"
    environment_vars: Texts


class NewConfig(ConfigChange):
    """The settings of a new project."""

    dbt_version: Text
    default_schema: Text
    git_remote_url: Text


class NewProject(Body):
    """The body of a creation."""

    group_id: Text
    type: Literal["DBT_CORE"]
    project_config: NewConfig
    run_tests: Flag = False


class ProjectChange(Body):
    """The body of an update."""

    project_config: ConfigChange = ConfigChange.model_validate({})
    run_tests: Flag = False


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a project in a group."""
    new = NewProject.read(body)
    account.group(new.group_id)
    config = new.project_config.model_dump()
    fields = {"group_id": new.group_id, "type": new.type, "project_config": config}
    return _shown(account, PROJECTS.add(account, fields), tested=new.run_tests)


def update(account: World, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change the settings of a project."""
    changes = ProjectChange.read(body)
    config = {**resource.fields["project_config"], **changes.project_config.given()}
    change(account, resource, {"project_config": config})
    return _shown(account, resource, tested=changes.run_tests)


def _shown(account: World, resource: Resource, *, tested: bool) -> dict[str, Any]:
    """Return a project, with the results of its tests if they run now."""
    if not tested:
        return view(account, resource)
    resource.state["tested"] = True
    results = [
        {"title": title, "status": "PASSED", "message": "", "details": {}} for title in TESTS
    ]
    return {**view(account, resource), "setup_tests": results}


def view_item(_account: World, resource: Resource) -> dict[str, Any]:
    """Return a project as lists contain it."""
    return {
        "id": resource.id,
        "type": resource.fields["type"],
        "created_at": stamp(resource.created_at),
        "created_by_id": resource.created_by,
        "group_id": resource.fields["group_id"],
    }


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a project; it is ready when its tests have passed."""
    key = public_key(account, account.group(resource.fields["group_id"]))
    return {
        **view_item(account, resource),
        "status": "READY" if resource.state.get("tested") else "NOT_READY",
        "errors": [],
        "project_config": {**resource.fields["project_config"], "public_key": key},
    }


PROJECTS = Collection(
    path="/v1/transformation-projects",
    kind="TransformationProject",
    messages=Messages(
        listed="Transformation projects retrieved successfully",
        read="Transformation project details retrieved successfully",
        created="Transformation project created successfully",
        updated="Transformation project updated successfully",
        deleted="Transformation project with id '{id}' has been deleted",
    ),
    view=view,
    item_view=view_item,
    create=create,
    update=update,
)
routes = routes_of(PROJECTS)


@routes.post("/<project_id>/test")
def test_project(project_id: str) -> ResponseReturnValue:
    """Run the tests of a project."""
    account = world()
    with account.lock:
        data = _shown(account, PROJECTS.get(account, project_id), tested=True)
    return answer(data, message="Transformation project test completed successfully")
