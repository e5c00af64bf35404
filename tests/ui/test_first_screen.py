"""The first screen: drawn from what is in memory, for one identity in one tenant."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import responses

from pbf import runtime as runtimes
from pbf.connectors.access.caller import CALLER, Caller
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.ui.first_screen.screens import first_screen
from pbf.ui.html import in_browser_words
from tests.support.accounts import ACCOUNT, API
from tests.support.tenants import looked_at_by, sign_in, start_with_tenants

URL = "http://localhost:8501/services"
HOSTILE = "<script>alert(1)</script>"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMES = json.loads((Path(__file__).parents[1] / "support" / "times.json").read_text())
PAGES = ["/services", "/connectors"]


def screen(path: str, session_id: str | None = None) -> str:
    return (first_screen(path, session_id, URL) or b"").decode()


def ids(html: str) -> list[str]:
    """Return the ids of cards or rows, in their order."""
    return list(dict.fromkeys(re.findall(r'data-id="([^"]+)"', html)))


@pytest.mark.parametrize(("kind", "seconds", "text"), TIMES)
def test_times_read_as_in_the_browser(monkeypatch, kind, seconds, text):
    monkeypatch.setattr("pbf.ui.html.utc_now", lambda: NOW)

    assert in_browser_words((NOW - timedelta(seconds=seconds)).isoformat(), kind) == text


@pytest.fixture
def two_tenants(sandbox: SandboxServer, tmp_path):
    started = start_with_tenants(sandbox, tmp_path)
    runtimes.use(started)
    yield started
    started.close()


@pytest.fixture
def may_delete():
    before = CALLER.set(Caller("page", Role.ADMIN))
    yield
    CALLER.reset(before)


@pytest.fixture
def api(api: responses.RequestsMock):
    started = runtimes.start(ACCOUNT)
    runtimes.use(started)
    yield api
    started.close()


def read(running: Runtime, *tenants: str) -> None:
    """Read the lists of tenants, as an earlier visit did."""
    for tenant in tenants:
        running.portals.of(tenant).services()
        running.portals.of(tenant).connectors()


def test_it_has_the_first_cards_in_the_order_of_the_gallery(runtime):
    runtime.portal.services()
    runtime.portal.connectors()

    html = screen("/services")

    assert "<h1>Connect a source</h1>" in html
    assert "773 of 773 services" in html
    own = {connector.service for connector in runtime.portal.connectors().items}
    shown = ids(html)
    assert set(shown[: len(own)]) == own
    assert len(shown) == 24
    assert f'href="connect?service={shown[0]}"' in html


def test_it_has_the_first_connectors_with_their_state(runtime):
    runtime.portal.services()
    connectors = runtime.portal.connectors().items

    html = screen("/connectors")

    assert "<h1>Connectors</h1>" in html
    assert set(ids(html)) == {connector.id for connector in connectors}
    assert "The source no longer accepts the stored credentials." in html


@pytest.mark.parametrize("path", PAGES)
def test_without_a_list_in_memory_there_is_none_and_nothing_is_asked(api, path):
    assert screen(path) == ""
    assert len(api.calls) == 0


@pytest.mark.parametrize("path", PAGES)
def test_drawing_it_asks_neither_fivetran_nor_the_database(runtime, path, monkeypatch):
    runtime.portal.services()
    own = runtime.portal.connectors()
    asked = []
    monkeypatch.setattr(runtime.client, "get_metadata", lambda *_: asked.append("services"))
    monkeypatch.setattr(runtime.store.planned_changes, "listed", lambda *_: asked.append("plans"))
    # Out of date, but not for long.
    monkeypatch.setattr(runtime.cache, "_clock", lambda: own.fetched_at + 2 * own.lifetime)

    assert ids(screen(path))
    assert asked == []


def test_connectors_from_long_ago_are_not_shown(runtime, monkeypatch):
    runtime.portal.services()
    own = runtime.portal.connectors()
    monkeypatch.setattr(runtime.cache, "_clock", lambda: own.served_until + 1)

    assert screen("/connectors") == ""


def test_there_is_none_above_deleted_connectors(runtime, may_delete):
    connector = runtime.portal.connectors().items[0]
    runtime.portal.operations.delete(connector.id)
    read(runtime, runtime.portal.tenant.id)

    assert screen("/connectors") == ""
    assert screen("/services")


@pytest.mark.parametrize("path", ["/", "/overview", "/connect", "/services/x", "/_/services"])
def test_other_pages_have_none(runtime, path):
    read(runtime, runtime.portal.tenant.id)

    assert screen(path) == ""


def test_each_tenant_sees_its_own_connectors_alone(two_tenants):
    ada = sign_in(two_tenants, "Ada", Role.EDITOR, "acme").identity
    bob = sign_in(two_tenants, "Bob", Role.EDITOR, "globex").identity
    read(two_tenants, "acme", "globex")

    of_ada = screen("/connectors", ada.session_id)
    of_bob = screen("/connectors", bob.session_id)

    assert ids(of_ada)
    assert ids(of_bob)
    assert not set(ids(of_ada)) & set(ids(of_bob))
    assert "Acme Ltd" in of_ada
    assert "Ada" not in of_bob


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("session_id", [None, "", "0" * 64, "../../x"])
def test_nobody_without_a_session_sees_anything(two_tenants, path, session_id):
    read(two_tenants, "acme", "globex")

    assert screen(path, session_id) == ""


@pytest.mark.parametrize("path", PAGES)
def test_after_signing_out_there_is_none(two_tenants, path):
    ada = sign_in(two_tenants, "Ada", Role.EDITOR, "acme")
    read(two_tenants, "acme")
    assert screen(path, ada.identity.session_id)

    two_tenants.identity.sessions.revoke(ada.identity.session_id, "signed out")

    assert screen(path, ada.identity.session_id) == ""


def test_a_viewer_is_offered_no_action(runtime):
    read(runtime, runtime.portal.tenant.id)
    viewer = Identity("person:1", runtime.portal.tenant.id, Role.VIEWER, "Ada")
    runtimes.use(looked_at_by(runtime, viewer))

    html = screen("/connectors")

    assert 'class="pbf connectors view-only"' in html
    assert "Reconnect<" not in html
    assert "Connect a source" not in html


@pytest.mark.parametrize("path", PAGES)
def test_what_fivetran_says_is_escaped(api, path):
    service = {"id": "stripe", "name": HOSTILE, "description": HOSTILE, "type": HOSTILE}
    service |= {"icon_url": "javascript:alert(1)", "link_to_docs": 'https://x"onclick="alert(1)'}
    connector = {"id": '"><b>', "service": "stripe", "schema": HOSTILE, "status": {}}
    api.get(f"{API}/v1/metadata/connector-types", json={"data": {"items": [service]}})
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": [connector]}})
    read(runtimes.runtime(), runtimes.runtime().portal.tenant.id)

    html = screen(path)

    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "javascript:" not in html
    assert 'onclick="' not in html
