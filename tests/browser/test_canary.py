"""A canary for every secret: on the whole journey and on every error path none is seen again."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.canaries import SIGNED_LINK, TOKEN, Permit, Place, found
from tests.browser.canary_scene import CHANNEL, DAY, HOOK, ONCE, TYPED, Scene, Witness, scene
from tests.browser.conftest import Visitor
from tests.browser.unforeseen import SERVICE as UNFORESEEN
from tests.support.component_server import new_context
from tests.support.postgres_server import PostgresServer

SIGNING_SECRET = rb"whsec_[\w+/]{43}="
PERMITS = (
    # The page's own link to the card, and the link for a colleague that somebody asked for.
    Permit("frame", rb"/_/go/[\w.-]+" + SIGNED_LINK),
    Permit("frame", rb"/_/invite/[\w.-]+" + SIGNED_LINK),
    # The way to the card, which bears the state with which it leads back.
    Permit("ours GET /_/go/SIGNED_LINK 303 location", TOKEN),
    Permit("ours GET /_/go/SIGNED_LINK 303 location", SIGNED_LINK),
    Permit("ours POST /_/invite/SIGNED_LINK 303 location", TOKEN),
    Permit("ours POST /_/invite/SIGNED_LINK 303 location", SIGNED_LINK),
    Permit(r"route GET /_/connectors/\w+/form 200 body", TOKEN),
    Permit(r"route POST /_/connectors/\w+/invitations 200 body", SIGNED_LINK),
    # Where a colleague comes back to; it has done its work.
    Permit("page /_/invited", rb"/_/invited\?state=[\w.-]+" + SIGNED_LINK),
    # Where messages go to, and the secret that signs them, are kept and shown once to who adds it.
    Permit("table channels", CHANNEL.encode()),
    Permit("table channels", SIGNING_SECRET),
    Permit("route POST /_/channels 201 body", SIGNING_SECRET),
    # Fivetran's own pages.
    Permit("fivetran .*", TOKEN),
    Permit("fivetran .*", SIGNED_LINK),
)
FAILURES = (500, "html", "refused", "nothing", 429, 400, 409, 403, 404, 401)
# On two busy processors the whole way takes a minute.
pytestmark = pytest.mark.timeout(300)
# Those that each say something of their own on a page.
ON_A_PAGE = (500, "nothing", 429, 400, 403, 401)


class Heard(logging.Handler):
    """What the sandbox logs, down to the last detail."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, chromium: Browser
) -> Scene:
    """Everything that was written, sent and shown on every path."""
    heard, loggers = Heard(), [logging.getLogger(name) for name in ("pbf", "werkzeug")]
    for logger in loggers:
        logger.addHandler(heard)
        logger.setLevel(logging.DEBUG)
    with scene(tmp_path_factory.mktemp("canary"), postgres) as stage:
        context = new_context(chromium)
        try:
            walk(stage, Witness(Visitor(context.new_page()), stage))
        finally:
            context.close()
        noted = stage.sandbox.world.control.log.entries()
    for logger in loggers:
        logger.removeHandler(heard)
        logger.setLevel(logging.NOTSET)
    stage.places.append(Place("log", stage.log.read_bytes()))
    stage.places.append(Place("sandbox's log", repr((heard.lines, noted)).encode()))
    stage.leaks = found(stage.places, stage.canaries, PERMITS)
    return stage


def walk(stage: Scene, witness: Witness) -> None:
    """Go every path."""
    stage.run_checks()
    connect(witness)
    invite(stage, witness)
    look_around(stage, witness)
    notify(stage, witness)
    send_nonsense(stage, witness)
    for says in FAILURES:
        fail(stage, witness, says)
    fail_unforeseen(stage, witness)
    stage.keep_stores()
    lose_the_database(stage, witness)
    lose_redis(stage, witness)


def connect(witness: Witness) -> None:
    """From the gallery to the card and back, to a connector."""
    page = witness.page
    witness.go("/services")
    steps.choose_service(witness.visitor, "postgresql", "PostgreSQL")
    witness.look()
    steps.create(witness.visitor, "Canary journey")
    enter(page)
    steps.come_back(witness.visitor)
    expect(page.get_by_text("is connected.")).to_be_visible()
    witness.look()


def invite(stage: Scene, witness: Witness) -> None:
    """Make a link for a colleague, who finishes the set-up."""
    page = witness.page
    page.get_by_role("button", name="Ask a colleague to finish facebook_ads_dach").click()
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_have_value(re.compile(f"^{stage.url}/_/invite/."))
    page.goto(link.input_value())
    page.get_by_role("button", name="Continue to Fivetran").click()
    enter(page)
    expect(page.get_by_role("heading", name="The set-up is finished")).to_be_visible()
    witness.look()


def enter(page: Page) -> None:
    """Type a credential into every field of a card, and save."""
    expect(page.get_by_role("button", name="Save & Test")).to_be_enabled()
    if page.get_by_role("button", name="Authorise").count():
        page.get_by_role("button", name="Authorise").click()
        page.get_by_role("button", name="Allow").click()
    asked = "input:visible:is([required], [aria-required=true]):not([type=radio])"
    for box in page.locator(asked).all():
        box.fill(TYPED)
    steps.save_and_test(page)


def look_around(stage: Scene, witness: Witness) -> None:
    """See the other pages, act on a connector, and ask the routes."""
    first, second = stage.id_of("zendesk_support"), stage.id_of("salesforce_crm")
    for path in ("/", f"/connector?id={first}", f"/tables?id={second}"):
        witness.go(path)
    body = {"service": "stripe", "name": "Once", "password": TYPED}
    for _ in range(2):
        response = stage.ask("POST", "/connectors", json=body, headers={"Idempotency-Key": ONCE})
        assert response.status_code == 200
    for path in (f"/connectors/{first}/form", f"/connectors/{first}", "/connectors", "/services"):
        assert stage.ask("GET", path).status_code == 200
    for path in ("/docs", "/openapi.json", "/healthz"):
        assert stage.ask("GET", path).status_code == 200
    assert stage.ask("PATCH", f"/connectors/{second}", json={"paused": True}).status_code == 200
    assert stage.ask("POST", f"/connectors/{first}/test").status_code == 200


def notify(stage: Scene, witness: Witness) -> None:
    """Add a channel that takes no message, send it a test, and look at it."""
    hook = {"kind": "webhook", "name": "Monitoring", "address": HOOK}
    added = stage.ask("POST", "/channels", json=hook)
    assert added.status_code == 201
    stage.canaries["the secret of a channel"] = added.json()["secret"]
    channel = f"/channels/{added.json()['id']}"
    assert stage.ask("POST", f"{channel}/test").json()["problem"]
    for path in ("/channels", f"{channel}/deliveries", "/incidents"):
        assert stage.ask("GET", path).status_code == 200
    stage.ask("POST", "/channels", json={**hook, "address": f"ftp://{CHANNEL}"})
    witness.go("/notifications")
    expect(witness.page.get_by_text("Monitoring").first).to_be_visible()
    witness.page.get_by_role("button", name="Log").click()
    expect(witness.page.get_by_role("dialog")).to_contain_text("Test of your")
    witness.look()
    witness.go("/activity")


def send_nonsense(stage: Scene, witness: Witness) -> None:
    """Send what is forged, expired, cut, used, broken, too large or of the wrong kind."""
    card_link, invitation, state = stage.signed_links()
    late_link, late_invitation, late_state = stage.signed_links(ago=2 * DAY)
    for path in (
        *(f"/go/{link}" for link in (late_link, stage.cut(card_link), state)),
        *(f"/invite/{link}" for link in (late_invitation, stage.cut(invitation), card_link)),
        *(f"/return?state={link}" for link in (late_state, stage.cut(state), card_link)),
        *[f"/return?state={stage.signed_links()[2]}"] * 2,
    ):
        stage.ask("GET", path)
        stage.ask("POST", path)
    witness.go(f"/_/return?state={state}")
    broken = f'{{"service": "stripe", "password": "{TYPED}"'
    headers = {"Idempotency-Key": ONCE * 100, "Authorization": f"Bearer {TYPED}"}
    kind = {"Content-Type": "application/json"}
    salesforce = f"/connectors/{stage.id_of('salesforce_crm')}"
    for method, path, options in (
        ("POST", "/connectors", {"data": broken, "headers": kind}),
        ("POST", "/connectors", {"data": {"password": TYPED}}),
        ("POST", "/connectors", {"json": {"service": {"password": TYPED}, "name": TYPED}}),
        ("POST", "/connectors", {"json": {"service": "stripe", "name": "A"}, "headers": headers}),
        ("POST", "/connectors", {"json": {"name": TYPED * 10_000}}),
        ("PATCH", salesforce, {"json": {"paused": TYPED}}),
        ("PATCH", salesforce, {"json": {"password": TYPED}}),
        ("DELETE", "/connectors", {"headers": headers}),
        ("GET", f"{salesforce}/form?redirect_uri=https://elsewhere.example/?token={TYPED}", {}),
        ("GET", f"/connectors?status={TYPED}", {}),
        ("GET", f"/nothing?password={TYPED}", {}),
    ):
        assert 400 <= stage.ask(method, path, **options).status_code < 500


def fail(stage: Scene, witness: Witness, says: int | str) -> None:
    """Let Fivetran fail in one way, and meet that in the routes, on a page and in the check-up."""
    stage.recover()
    connector_id, (link, _, _) = stage.id_of("google_ads_emea"), stage.signed_links()
    made = stage.ask("POST", f"/connectors/{stage.id_of('once')}/invitations", json={}).json()
    calls = [
        ("GET", f"/connectors/{connector_id}/form", {}),
        ("POST", f"/invite/{made['url'].rpartition('/')[2]}", {}),
        ("GET", f"/go/{link}", {}),
        ("PATCH", f"/connectors/{connector_id}", {"json": {"sync_frequency": 1440}}),
        ("POST", f"/connectors/{connector_id}/test", {}),
        ("POST", "/connectors", {"json": {"service": "stripe", "name": f"No {uuid4().hex}"}}),
        ("GET", "/connectors", {}),
    ]
    with stage.fivetran.failing(says):
        if says == "nothing":
            with ThreadPoolExecutor(2) as pool:  # each waits in vain, so together
                calls_at_once = [pool.submit(stage.ask, *call[:2]) for call in calls[:2]]
                witness.go(f"/_/go/{link}")
            assert {call.result().status_code for call in calls_at_once} == {503, 504}
            return
        for method, path, options in calls:
            stage.ask(method, path, **options)
        if says in ON_A_PAGE:
            # A return from the card fetches the list again, so that the page shows what is wrong.
            stage.ask("GET", f"/return?state={stage.signed_links()[2]}")
            witness.go(f"/_/go/{link}")
        if says == 400:
            stage.run_checks()


def fail_unforeseen(stage: Scene, witness: Witness) -> None:
    """Let asking fail in a way that nobody foresaw, in a route and on a page."""
    stage.recover()
    body = {"service": UNFORESEEN, "name": "Unforeseen"}
    assert stage.ask("POST", "/connectors", json=body).status_code == 500
    witness.go(f"/connect?service={UNFORESEEN}")
    witness.page.get_by_role("textbox", name="Name").fill("Unforeseen")
    expect(witness.page.get_by_text("Something went wrong here.")).to_be_visible()
    witness.look()


def lose_the_database(stage: Scene, witness: Witness) -> None:
    """Create and come back while nobody can read or write the database."""
    state = stage.signed_links()[2]
    witness.go("/connect?service=stripe")
    with stage.postgres.away(stage.environment["PBF_DATABASE_URL"]):
        body = {"service": "stripe", "name": "No database"}
        assert stage.ask("POST", "/connectors", json=body).status_code == 503
        witness.page.get_by_role("textbox", name="Name").fill("No database")
        expect(witness.page.get_by_text("Our own database cannot be read")).to_be_visible()
        witness.look()
        witness.go(f"/_/return?state={state}")


def lose_redis(stage: Scene, witness: Witness) -> None:
    """Ask and create while Redis is away."""
    stage.end_redis()
    body = {"service": "stripe", "name": "No Redis"}
    assert stage.ask("POST", "/connectors", json=body).status_code == 200
    witness.go("/connectors")


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        pytest.param("log", ["401", "unexpected RuntimeError", "Redis does not answer"], id="log"),
        pytest.param("sandbox's log", ["/v1/"], id="sandbox"),
        pytest.param("page ", ["/connectors", "Something went wrong here"], id="pages"),
        pytest.param("frame", ["Canary journey", r"\[card\]"], id="frames"),
        pytest.param("ours ", ["content-security-policy", "root"], id="answers"),
        pytest.param("fivetran ", ["Save &amp; Test"], id="fivetrans-pages"),
        pytest.param("route ", ["request_id", "fivetran_timeout", "too_large"], id="routes"),
        pytest.param("table ", ["Canary journey", "create"], id="database"),
        pytest.param("redis", ["PostgreSQL"], id="redis"),
        pytest.param("doctor", ["BAD", "ok"], id="doctor"),
    ],
)
def test_no_secret_is_in(seen: Scene, where: str, holds: list[str]):
    places = [place for place in seen.places if place.where.startswith(where)]
    everything = b"\n".join(f"{place.where} ".encode() + place.content for place in places)

    assert [text for text in holds if text.encode() not in everything] == []
    assert [leak for leak in seen.leaks if leak.startswith(where)] == []


def test_there_is_no_other_place_with_a_secret(seen: Scene):
    assert seen.leaks == []


def test_each_place_where_a_secret_may_be_has_one(seen: Scene):
    assert [permit for permit in PERMITS if not permit.used] == []
