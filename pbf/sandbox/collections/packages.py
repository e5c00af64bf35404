"""Connector SDK packages: ZIP files that are kept and given back, but never run."""

import hashlib
from io import BytesIO
from typing import Any
from zipfile import is_zipfile

from flask import Response, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.collection import Collection, Messages, change, routes_of
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Forbidden, InvalidInput, SandboxError
from pbf.sandbox.core.http import FILE, answer, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.world import World


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a package."""
    return {
        "id": resource.id,
        "connection_id": _connection_of(account, resource),
        "created_by": resource.created_by,
        "last_updated_by": resource.created_by,
        "created_at": stamp(resource.created_at),
        "updated_at": stamp(resource.updated_at),
        **resource.fields,
    }


def _connection_of(account: World, resource: Resource) -> str | None:
    """Return the id of the connection that runs a package, if there is one."""
    users = (
        connection.id
        for connection in account.connections.values()
        if connection.service == "connector_sdk"
        and connection.config.get("package_id") == resource.id
    )
    return next(users, None)


def check_deletion(account: World, resource: Resource) -> None:
    """Refuse to delete a package that a connection runs."""
    if _connection_of(account, resource):
        raise Forbidden("Package is associated with a connection and cannot be deleted")


PACKAGES = Collection(
    path="/v1/connector-sdk/packages",
    kind="ConnectorSdkPackage",
    messages=Messages(
        listed="Connector SDK packages retrieved successfully",
        read="Connector SDK package details retrieved successfully",
        deleted="Package deleted successfully",
    ),
    view=view,
    check_deletion=check_deletion,
)
routes = routes_of(PACKAGES)


def _uploaded() -> bytes:
    if request.mimetype != "multipart/form-data":
        text = "The Content-Type must be multipart/form-data"
        raise SandboxError(text, code="UnsupportedMediaType", status=415)
    file = request.files.get("file")
    content = b"" if file is None else file.read()
    if not is_zipfile(BytesIO(content)):
        raise InvalidInput("Invalid package file or missing file parameter")
    return content


def _keep(account: World, resource: Resource, content: bytes) -> dict[str, Any]:
    resource.content = content
    change(account, resource, {"file_sha256_hash": hashlib.sha256(content).hexdigest()})
    return view(account, resource)


@routes.post("")
def upload_package() -> ResponseReturnValue:
    """Create a package from an uploaded file."""
    account, content = world(), _uploaded()
    with account.lock:
        data = _keep(account, PACKAGES.add(account, {}), content)
    return answer(data, message="Package created successfully", status=201)


@routes.patch("/<package_id>")
def replace_package(package_id: str) -> ResponseReturnValue:
    """Replace the file of a package."""
    account = world()
    resource, content = PACKAGES.get(account, package_id), _uploaded()
    with account.lock:
        data = _keep(account, resource, content)
    return answer(data, message="Package updated successfully")


@routes.get("/<package_id>/download")
def download_package(package_id: str) -> ResponseReturnValue:
    """Return the file of a package."""
    content = PACKAGES.get(world(), package_id).content
    headers = {"Content-Disposition": "attachment; filename=code.zip"}
    return Response(content, mimetype=FILE, headers=headers)
