"""What people read if Fivetran does not show the group of their tenant."""

from pathlib import Path

import pytest

from pbf import runtime as runtimes
from pbf.rules.access.permissions import Role
from pbf.sandbox.server import SandboxServer
from tests.pages.conftest import Visit
from tests.support.tenants import client_of, sign_in, start_with_tenants

PLAIN = (
    "Your data source account is not set up correctly. Contact the people who run this dashboard."
)


@pytest.mark.parametrize(
    ("role", "is_full"), [(Role.VIEWER, False), (Role.ADMIN, False), (Role.OPERATOR, True)]
)
def test_operators_alone_read_the_group_and_the_setting(
    sandbox: SandboxServer, tmp_path: Path, visit: Visit, role: Role, is_full: bool
):
    tenants = start_with_tenants(sandbox, tmp_path)
    runtimes.use(tenants)
    group_id = sandbox.world.group_id
    del sandbox.world.groups[group_id]
    person = sign_in(tenants, "Ada", role)

    page = visit("overview", person.identity.session_id)
    answer = client_of(tenants, cookie=person.cookie).get("/_/connectors")
    tenants.close()

    assert (answer.status_code, answer.json["error"]["code"]) == (502, "group_not_visible")
    for text in (page.error[0].value, answer.json["error"]["message"]):
        assert (group_id in text, "FIVETRAN_GROUP_ID" in text) == (is_full, is_full)
        assert (text == PLAIN) == (not is_full)
