"""Canaries with Show API on: every view, every tab and the bundle, as an operator sees them."""

import json
import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, expect

from pbf import runtime as runtimes
from pbf.paths import PREFIX
from pbf.rules.access.permissions import Role
from pbf.show_api.access import COOKIE, ON
from tests.browser.canaries import SIGNED_LINK, Permit, Place, found
from tests.browser.canary_scene import Scene, Witness, scene
from tests.browser.conftest import Visitor
from tests.support.component_server import new_context
from tests.support.postgres_server import PostgresServer
from tests.support.tenants import ISSUER, sign_in

pytestmark = [pytest.mark.timeout(600), pytest.mark.exhaustive]
PATIENCE = 90_000
MARK = "[class*='st-key-pbf-api-mark'] button:visible"
# The page's own links to the card.
PERMITS = (Permit("frame", rb"/_/go/[\w.-]+" + SIGNED_LINK),)
SIGN_IN = {
    "PBF_SIGN_IN": "oidc",
    "PBF_OIDC_ISSUER": ISSUER,
    "PBF_OIDC_CLIENT_ID": "pbf",
    "PBF_OPERATORS": "olga@people.example",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Scene]:
    """An account full of canaries, with sign-in."""
    with scene(tmp_path_factory.mktemp("show_api"), postgres, **SIGN_IN) as staged:
        yield staged


@pytest.fixture(scope="module")
def cookie(stage: Scene) -> str:
    """The session of an operator in the tenant; a canary of its own."""
    runtimes.use(None)
    with patch.dict(os.environ, stage.environment):
        running = runtimes.runtime()
        value = sign_in(running, "Olga", Role.OPERATOR, running.portal.tenant.id).cookie
        running.close()
    runtimes.use(None)
    stage.canaries["the cookie of a session"] = value
    return value


def open_everything(witness: Witness) -> int:
    """Open each mark of a page and each of its operations and tabs; return how many marks."""
    page = witness.page
    number = page.locator(MARK).count()
    for index in range(number):
        page.locator(MARK).nth(index).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("tab", name="curl")).to_be_visible(timeout=PATIENCE)
        choices = dialog.locator("[data-testid='stButtonGroup'] button:visible")
        for choice in range(max(choices.count(), 1)):
            if choices.count():
                choices.nth(choice).click()
                witness.visitor.settle()
            witness.look()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
    return number


def test_no_secret_is_in_any_view(stage: Scene, cookie: str, chromium: Browser):
    context = new_context(chromium)
    context.add_cookies(
        [
            {"name": "pbf", "value": cookie, "url": stage.url},
            {"name": COOKIE, "value": ON, "url": stage.url},
        ]
    )
    witness = Witness(Visitor(context.new_page()), stage)
    connector = stage.id_of("salesforce_crm")
    broken = stage.id_of("zendesk_support")

    # A Connect Card is made, and an action is refused in words that repeat a card's address.
    context.request.get(f"{stage.url}{PREFIX}/connectors/{broken}/form")
    marks = 0
    for path in (
        "/services",
        "/connectors",
        "/connect?service=stripe",
        f"/connector?id={connector}",
        f"/connector?id={broken}",
        f"/tables?id={connector}",
        "/",
    ):
        witness.go(path)
        marks += open_everything(witness)
    fail_an_action(stage, witness, connector)
    bundle = open_the_list(witness)
    context.close()
    stage.places.append(Place("log", stage.log.read_bytes()))

    assert marks >= 10
    statuses = {call["status"] for call in json.loads(bundle)["calls"]}
    assert 400 in statuses
    assert b"PBF_SIGNING_KEY" in bundle
    assert found(stage.places, stage.canaries, PERMITS) == []
    everything = b"".join(place.content for place in stage.places)
    assert b"fivetran_connection_v2" in everything
    assert b"$FIVETRAN_API_SECRET" in everything


def fail_an_action(stage: Scene, witness: Witness, connector: str) -> None:
    """Press a button while Fivetran's refusal repeats the address of a card."""
    page = witness.page
    witness.go(f"/connector?id={connector}")
    with stage.fivetran.failing(400):
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text("Reference:").first).to_be_visible(timeout=PATIENCE)
    witness.look()


def open_the_list(witness: Witness) -> bytes:
    """Open the calls of the session, and return the bundle."""
    page = witness.page
    page.get_by_role("button", name="API calls").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Support bundle")).to_be_visible(timeout=PATIENCE)
    witness.look()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Support bundle").click()
    content = download.value.path().read_bytes()
    witness._scene.places.append(Place("bundle", content))
    return content
