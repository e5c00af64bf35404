"""Who becomes an operator by signing in."""

import pytest

from pbf.identity.claims import Claims, NoAccess
from pbf.identity.memberships import Members
from pbf.identity.sessions import Sessions
from pbf.identity.sign_in import SignInService
from pbf.identity.tenants import SettingsTenant, Tenants
from pbf.rules.access.permissions import Role


@pytest.mark.parametrize(
    ("provider", "email", "verified", "is_operator"),
    [
        pytest.param("oidc", "kim@vendor.example", True, True, id="same"),
        pytest.param("oidc", "Kim@Vendor.example", True, True, id="capitals"),
        pytest.param("oidc", "kim@vendor.example", False, False, id="not-verified"),
        pytest.param("entra", "kim@vendor.example", True, False, id="other-provider"),
        # The lower case of the Kelvin sign is the letter k.
        pytest.param("oidc", "\u212aim@vendor.example", True, False, id="other-letter"),
    ],
)
def test_an_operator_is_named_by_a_verified_address(memory, provider, email, verified, is_operator):
    sessions = Sessions(memory, hours=12, idle_minutes=60)
    service = SignInService(
        memory,
        Tenants(None, SettingsTenant("one", "Acme"), sign_in=True),
        sessions,
        Members(memory, sessions),
        operators=["kim@vendor.example"],
        operators_from="oidc",
    )

    result = service.complete(Claims(provider, "https://id.example", "1", email, verified))

    if is_operator:
        assert sessions.find(result).role is Role.OPERATOR
    else:
        assert result == NoAccess(email)
