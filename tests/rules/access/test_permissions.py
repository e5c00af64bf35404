"""Roles and their rights."""

import pytest

from pbf.rules.access.permissions import LOWEST_ROLE, Permission, Role, allows, refusal


@pytest.mark.parametrize("permission", Permission)
def test_a_higher_role_never_has_fewer_rights(permission):
    allowed = [allows(role, permission) for role in Role]

    assert allowed == sorted(allowed)
    assert allowed[-1]


@pytest.mark.parametrize("permission", Permission)
def test_nobody_may_do_anything(permission):
    assert not allows(None, permission)


def test_every_permission_has_a_lowest_role():
    assert set(LOWEST_ROLE) == set(Permission)


def test_a_refusal_names_the_role_and_whom_to_ask():
    assert refusal(Role.VIEWER, Permission.CHANGE) == (
        "Your role is viewer. Only an editor may change connectors; ask one to do it."
    )
    assert refusal(None, Permission.EXPORT_AUDIT) == (
        "You are not signed in. Only an admin may export the audit log; ask one to do it."
    )
