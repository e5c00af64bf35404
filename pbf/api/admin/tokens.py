"""Routes for the API tokens of a tenant, and for those of the operators."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from pbf.api.admin.caller import ADMIN, TENANT, admin, administration
from pbf.api.admin.operations import CHANGES, READS, REMOVES
from pbf.api.admin.requests import NewOperatorToken, NewToken, read_admin
from pbf.api.admin.schemas import CreatedToken, Removed, Token
from pbf.api.openapi.operations import Operation
from pbf.api.request_context import json_body
from pbf.api.responses import filtered_list, json_response, no_store
from pbf.paths import LONGEST_ID
from pbf.rules.access.permissions import Role

TAG = "API tokens"

routes = Blueprint("admin_tokens", __name__, url_prefix=ADMIN)


@routes.get(f"{TENANT}/tokens")
@Operation(tag=TAG, response=Token, many=True, errors=READS)
def list_tokens(tenant_id: str) -> ResponseReturnValue:
    """List the API tokens of a tenant, without their texts."""
    return _listed(tenant_id)


@routes.post(f"{TENANT}/tokens")
@Operation(tag=TAG, response=CreatedToken, body=NewToken, status=201, errors=CHANGES)
def create_token(tenant_id: str) -> ResponseReturnValue:
    """Create an API token of a tenant; its text is in this response alone."""
    new = read_admin(NewToken, json_body())
    return _create(tenant_id, new, Role(new.role)), 201


@routes.delete(f"{TENANT}/tokens/<string(maxlength={LONGEST_ID}):token_id>")
@Operation(tag=TAG, response=Removed, errors=REMOVES)
def revoke_token(tenant_id: str, token_id: str) -> ResponseReturnValue:
    """Revoke an API token of a tenant."""
    administration().tokens.revoke(admin(), tenant_id, token_id)
    return json_response(Removed(id=token_id))


@routes.get("/tokens")
@Operation(tag=TAG, response=Token, many=True, errors=READS)
def list_operator_tokens() -> ResponseReturnValue:
    """List the API tokens of the operators."""
    return _listed(None)


@routes.post("/tokens")
@Operation(tag=TAG, response=CreatedToken, body=NewOperatorToken, status=201, errors=CHANGES)
def create_operator_token() -> ResponseReturnValue:
    """Create an API token of the operators; its text is in this response alone."""
    return _create(None, read_admin(NewOperatorToken, json_body()), Role.OPERATOR), 201


@routes.delete(f"/tokens/<string(maxlength={LONGEST_ID}):token_id>")
@Operation(tag=TAG, response=Removed, errors=REMOVES)
def revoke_operator_token(token_id: str) -> ResponseReturnValue:
    """Revoke an API token of the operators."""
    administration().tokens.revoke(admin(), None, token_id)
    return json_response(Removed(id=token_id))


def _listed(tenant_id: str | None) -> Response:
    return filtered_list(administration().tokens.listed(admin(), tenant_id), Token)


def _create(tenant_id: str | None, new: NewOperatorToken, role: Role) -> Response:
    tokens = administration().tokens
    token = tokens.create(admin(), tenant_id, new.name, role=role, days=new.days)
    return no_store(json_response(CreatedToken.model_validate(token)))
