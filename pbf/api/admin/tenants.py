"""Routes for the tenants, which operators manage."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.admin.caller import ADMIN, TENANT, admin, administration
from pbf.api.admin.operations import CHANGES, READS, REMOVES
from pbf.api.admin.requests import TenantChange, read_admin
from pbf.api.admin.schemas import Removed, Tenant
from pbf.api.openapi.operations import ASKS_FIVETRAN, Operation
from pbf.api.request_context import json_body
from pbf.api.responses import filtered_list, json_response

TAG = "Tenants"

routes = Blueprint("admin_tenants", __name__, url_prefix=ADMIN)


@routes.get("/tenants")
@Operation(tag=TAG, response=Tenant, many=True, errors=READS)
def list_tenants() -> ResponseReturnValue:
    """List all tenants, also disabled ones."""
    return filtered_list(administration().tenants.listed(admin()), Tenant)


@routes.get(TENANT)
@Operation(tag=TAG, response=Tenant, errors=READS)
def get_tenant(tenant_id: str) -> ResponseReturnValue:
    """Get a tenant."""
    return json_response(Tenant.model_validate(administration().tenants.get(admin(), tenant_id)))


@routes.put(TENANT)
@Operation(
    tag=TAG, response=Tenant, body=TenantChange, errors=CHANGES | ASKS_FIVETRAN | {"not_now"}
)
def put_tenant(tenant_id: str) -> ResponseReturnValue:
    """Add a tenant, change its name and policy, or enable it again."""
    new = read_admin(TenantChange, json_body())
    tenant = administration().tenants.put(
        admin(), tenant_id, name=new.name, group_id=new.group_id, policy=new.policy
    )
    return json_response(Tenant.model_validate(tenant))


@routes.delete(TENANT)
@Operation(tag=TAG, response=Removed, errors=REMOVES - {"unknown_item"} | {"not_now"})
def disable_tenant(tenant_id: str) -> ResponseReturnValue:
    """Disable a tenant; its sessions end, and its connectors stay as they are at Fivetran."""
    administration().tenants.disable(admin(), tenant_id)
    return json_response(Removed(id=tenant_id))
