"""The route that tells callers who they are and what they may do."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.admin.caller import admin
from pbf.api.admin.schemas import Me, TenantOfMe
from pbf.api.openapi.operations import OF_TENANT, Operation
from pbf.api.request_context import current_runtime
from pbf.api.responses import json_response, no_store
from pbf.paths import PREFIX
from pbf.rules.access.permissions import Permission, allows

routes = Blueprint("me", __name__, url_prefix=PREFIX)


@routes.get("/me")
@Operation(tag="This server", response=Me, errors=OF_TENANT | {"store_unavailable"})
def get_me() -> ResponseReturnValue:
    """Get who asks, their tenants, and what they may do."""
    identity = admin()
    tenants = current_runtime().identity.sign_in.tenants_of(identity)
    me = Me(
        actor=identity.actor,
        name=identity.name,
        email=identity.email,
        role=identity.role.value,
        method=identity.method,
        tenant=identity.tenant_id or None,
        tenants=tuple(
            TenantOfMe(id=tenant.id, name=tenant.name, role=role.value) for tenant, role in tenants
        ),
        permissions=tuple(one.value for one in Permission if allows(identity.role, one)),
    )
    return no_store(json_response(me))
