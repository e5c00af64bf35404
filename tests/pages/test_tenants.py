"""Every page of several tenants, asked for what belongs to another one."""

import json
import random
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.connectors.access.caller import acting_as
from pbf.rules.access.permissions import Role
from pbf.sandbox.catalogue.services import services
from tests.pages.reading import components, everything, shown_services
from tests.support.marked_tenants import ROLES, MarkedTenant, MarkedWorld, marked_world, marks
from tests.support.servers import ROOT

pytestmark = pytest.mark.exhaustive

TENANTS = 12
# The tenants whose people open the pages; between them the caches hold others' data.
VISITORS = (1, 6)
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedWorld]:
    """Some tenants, whose lists are in the cache."""
    with marked_world(tmp_path_factory.mktemp("tenants"), tenants=TENANTS) as world:
        with acting_as("test"):
            for portal in world.runtime.portals.all():
                portal.connectors()
        yield world


@pytest.fixture
def world(started: MarkedWorld) -> MarkedWorld:
    """Those tenants, whose pages are served."""
    runtimes.use(started.runtime)
    return started


def visit(
    world: MarkedWorld, name: str, tenant: MarkedTenant, role: Role, query: dict[str, str]
) -> AppTest:
    app = AppTest.from_file(ROOT / "pbf" / "menu.py", default_timeout=60)
    app.user = {"session": world.session_id(tenant, role)}
    app.switch_page(f"../pages/{name}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def queries(own: MarkedTenant, other: MarkedTenant, world: MarkedWorld) -> list[dict[str, str]]:
    """Return what an address of another tenant's page could ask for, and one of the own tenant."""
    foreign = other.connectors[0]
    link = world.runtime.signer.link(other.id, foreign)
    return [
        {"id": own.connectors[0], "service": own.allowed[0]},
        {"id": foreign, "service": other.allowed[-1], "returned": foreign, "tenant": other.id},
        {"id": other.connectors[1], "note": link, "group": other.group, "returned": link},
    ]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_anything_of_another_tenant(name: str, role: Role, world: MarkedWorld):
    draw = random.Random(f"{name} {role}")
    for number in VISITORS:
        own = world.tenants[number]
        other = draw.choice([tenant for tenant in world.tenants if tenant is not own])
        for query in queries(own, other, world):
            page = visit(world, name, own, role, query)

            assert not page.exception
            assert marks(everything(page)) <= {own.mark}, (name, role, query)


def test_pages_show_their_own_tenant(world: MarkedWorld):
    own = world.tenants[VISITORS[0]]
    for name in ("overview", "connectors", "connector", "activity", "promises", "notifications"):
        page = visit(world, name, own, Role.ADMIN, {"id": own.connectors[0]})
        assert own.mark in everything(page)


@pytest.mark.parametrize("number", range(TENANTS))
def test_the_gallery_has_the_allowed_services_only(number: int, world: MarkedWorld):
    tenant = world.tenants[number]

    cards = shown_services(visit(world, "services", tenant, Role.EDITOR, {}))

    assert cards.keys() == set(tenant.allowed)


def test_a_hidden_service_is_named_on_no_page(world: MarkedWorld):
    tenant = world.tenants[2]
    names = {service.name for key, service in services().items() if key not in tenant.allowed}
    hidden = sorted(services().keys() - set(tenant.allowed))[100]

    for name in ("overview", "connectors", "services", "connect"):
        page = visit(world, name, tenant, Role.ADMIN, {"service": hidden})
        shown = json.dumps(list(components(page).values()), default=str)
        assert {text for text in names if f'"{text}"' in shown} == set()
        assert services()[hidden].name not in everything(page)
