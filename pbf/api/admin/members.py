"""Routes for the members of a tenant: roles, invitations and open sessions."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.api.admin.caller import ADMIN, TENANT, admin, administration
from pbf.api.admin.operations import CHANGES, READS, REMOVES
from pbf.api.admin.requests import NewMemberInvitation, RoleChange, read_admin
from pbf.api.admin.schemas import Member, MemberInvitation, OpenSession, Removed
from pbf.api.openapi.operations import Operation
from pbf.api.request_context import json_body
from pbf.api.responses import filtered_list, json_response
from pbf.paths import LONGEST_ID
from pbf.rules.access.permissions import Role

TAG = "People"

routes = Blueprint("admin_members", __name__, url_prefix=ADMIN)


@routes.get(f"{TENANT}/members")
@Operation(tag=TAG, response=Member, many=True, errors=READS)
def list_members(tenant_id: str) -> ResponseReturnValue:
    """List the members of a tenant."""
    return filtered_list(administration().members.listed(admin(), tenant_id), Member)


@routes.patch(f"{TENANT}/members/<string(maxlength={LONGEST_ID}):person_id>")
@Operation(tag=TAG, response=Member, body=RoleChange, errors=CHANGES | {"unknown_item", "not_now"})
def change_member(tenant_id: str, person_id: str) -> ResponseReturnValue:
    """Change the role of a member.

    Their sessions in the tenant end.
    """
    role = Role(read_admin(RoleChange, json_body()).role)
    member = administration().members.set_role(admin(), tenant_id, person_id, role)
    return json_response(Member.model_validate(member))


@routes.delete(f"{TENANT}/members/<string(maxlength={LONGEST_ID}):person_id>")
@Operation(tag=TAG, response=Removed, errors=REMOVES | {"not_now"})
def remove_member(tenant_id: str, person_id: str) -> ResponseReturnValue:
    """Remove a member; their sessions in the tenant end."""
    administration().members.remove(admin(), tenant_id, person_id)
    return json_response(Removed(id=person_id))


@routes.get(f"{TENANT}/invitations")
@Operation(tag=TAG, response=MemberInvitation, many=True, errors=READS)
def list_member_invitations(tenant_id: str) -> ResponseReturnValue:
    """List the invitations of a tenant."""
    return filtered_list(administration().members.invitations(admin(), tenant_id), MemberInvitation)


@routes.post(f"{TENANT}/invitations")
@Operation(
    tag=TAG,
    response=MemberInvitation,
    body=NewMemberInvitation,
    status=201,
    errors=CHANGES | {"not_now"},
)
def create_member_invitation(tenant_id: str) -> ResponseReturnValue:
    """Invite an e-mail address for 14 days; nothing is sent."""
    new = read_admin(NewMemberInvitation, json_body())
    invitation = administration().members.invite(admin(), tenant_id, new.email, Role(new.role))
    return json_response(MemberInvitation.model_validate(invitation)), 201


@routes.delete(f"{TENANT}/invitations/<string(maxlength={LONGEST_ID}):invitation_id>")
@Operation(tag=TAG, response=Removed, errors=REMOVES)
def withdraw_member_invitation(tenant_id: str, invitation_id: str) -> ResponseReturnValue:
    """Withdraw an invitation that was not used."""
    administration().members.withdraw(admin(), tenant_id, invitation_id)
    return json_response(Removed(id=invitation_id))


@routes.get(f"{TENANT}/sessions")
@Operation(tag=TAG, response=OpenSession, many=True, errors=READS)
def list_sessions(tenant_id: str) -> ResponseReturnValue:
    """List the open sessions of a tenant."""
    return filtered_list(administration().sessions.listed(admin(), tenant_id), OpenSession)


@routes.delete(f"{TENANT}/sessions/<string(maxlength={LONGEST_ID}):session_id>")
@Operation(tag=TAG, response=Removed, errors=REMOVES)
def end_session(tenant_id: str, session_id: str) -> ResponseReturnValue:
    """End a session; its open pages end within seconds."""
    administration().sessions.end(admin(), tenant_id, session_id)
    return json_response(Removed(id=session_id))
