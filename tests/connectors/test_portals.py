"""The portals of all tenants."""

from types import SimpleNamespace

import pytest

from pbf.connectors.portal import Tenant
from pbf.connectors.portals import Portals
from pbf.errors import UnknownTenant


@pytest.fixture
def tenants():
    """Tenants by their ids, as a test changes them."""
    return {id_: Tenant(id_, id_.title(), f"group of {id_}") for id_ in ("acme", "globex")}


@pytest.fixture
def portals(tenants):
    return Portals(
        tenants.get, lambda: tuple(tenants), lambda tenant: SimpleNamespace(tenant=tenant)
    )


def test_there_are_no_more_portals_than_tenants(portals, tenants):
    for number in range(100):
        tenants[f"t{number}"] = Tenant(f"t{number}", "", "")
        portals.of(f"t{number}")
        del tenants[f"t{number}"]
    kept = portals.of("acme")

    assert portals._portals == {"acme": kept}


def test_a_tenant_that_is_back_has_a_portal_at_once(portals, tenants):
    portals.of("acme")
    acme = tenants.pop("acme")
    portals.of("globex")
    with pytest.raises(UnknownTenant):
        portals.of("acme")

    tenants["acme"] = acme

    assert portals.of("acme").tenant == acme


def test_the_portals_of_tenants_that_are_there_stay(portals, tenants):
    kept = [portals.of(id_) for id_ in tenants]
    tenants["new"] = Tenant("new", "", "")

    portals.of("new")

    assert [portals.of(id_) for id_ in ("acme", "globex")] == kept
