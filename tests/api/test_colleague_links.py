"""The pages of a link for a colleague, and the routes that make, list and revoke links."""

import re
from dataclasses import replace
from html import unescape

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as some

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.errors import ServerFailed
from pbf.identity.authentication import Authentication
from pbf.identity.models import Identity
from pbf.proxy import create_app
from pbf.rules.access.colleague_links import LONGEST_NOTE
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.signed_links import LONGEST_TOKEN
from tests.support.draws import cases

API = "https://fivetran.example"
CARD = "https://fivetran.example/card?auth=a-secret"
DAY = 24 * 3600


@pytest.fixture
def id_of(runtime: Runtime):
    """Returns the id of the sandbox's connector with a permanent name."""
    return lambda schema: next(
        item.id for item in runtime.portal.connectors().items if item.schema_name == schema
    )


@pytest.fixture
def link_for(runtime: Runtime, id_of):
    """Returns the path of a new link for the connector with a permanent name."""
    return lambda schema, **options: (
        runtime.portal.links.create(id_of(schema), public_url="", **options).url
    )


def heading(answer) -> str:
    return re.search("<h1>(.*?)</h1>", answer.text)[1]


def states(client, connector_id: str) -> list[str]:
    return [link["state"] for link in client.get(f"/_/connectors/{connector_id}/invitations").json]


def test_the_first_page_says_who_asks_for_what_and_what_happens_next(runtime, client, link_for):
    page = client.get(link_for("facebook_ads_dach", note="Use the account\nof our shop."))

    assert page.status_code == 200
    assert heading(page) == "Connect Facebook Ads"
    assert "Data connections asks you to finish the set-up of this connector." in page.text
    assert "Use the account\nof our shop.</blockquote>" in page.text
    assert '<dd dir="auto">facebook_ads_dach</dd>' in page.text
    assert "Data connections never sees them." in unescape(page.text)
    assert '<form method="post"><button class="primary">Continue to Fivetran</button>' in page.text
    assert 'href="/' not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    # Not no-referrer, with which a browser would send the form with "Origin: null".
    assert page.headers["Referrer-Policy"] == "same-origin"
    policy = page.headers["Content-Security-Policy"]
    assert re.search(r"form-action 'self' https: http://127\.0\.0\.1:\d+(;|$)", policy)
    assert "script-src" not in policy


def test_the_first_page_shows_no_other_connector(runtime, client, link_for):
    page = client.get(link_for("facebook_ads_dach")).text

    others = {item.title for item in runtime.portal.connectors().items} - {"facebook_ads_dach"}
    assert [title for title in others if title in page] == []


def test_reading_the_first_page_changes_nothing(runtime, sandbox, client, id_of, link_for):
    path = link_for("facebook_ads_dach")
    client.get(path)
    before = len(sandbox.world.control.log.entries())

    for method in ("GET", "HEAD", "OPTIONS"):
        for agent in ("Slackbot-LinkExpanding 1.0", "Mozilla/5.0"):
            client.open(path, method=method, headers={"User-Agent": agent})

    assert states(client, id_of("facebook_ads_dach")) == ["waiting"]
    assert len(sandbox.world.control.log.entries()) == before
    assert [entry.what for entry in runtime.portal.audit_log.newest(9)] == ["invite"]


def test_the_button_leads_to_a_new_card_each_time(client, id_of, link_for):
    path = link_for("facebook_ads_dach")

    first, second = (client.post(path, data={}) for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert "/connect-card/setup?" in first.location
    assert "/_/invited%3Fstate%3D" in first.location
    assert "auth=" in first.location
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert states(client, id_of("facebook_ads_dach")) == ["opened"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another-site"),
        pytest.param({"Origin": "null"}, id="nobody"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="without-origin"),
        pytest.param(
            {
                "Origin": "https://evil.example",
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            },
            id="a-form-of-another-site",
        ),
    ],
)
def test_no_other_site_can_press_the_button(client, id_of, link_for, headers):
    answer = client.post(link_for("facebook_ads_dach"), data={}, headers=headers)

    assert answer.status_code == 403
    assert states(client, id_of("facebook_ads_dach")) == ["waiting"]


def test_what_a_browser_sends_with_the_button_is_accepted(client, link_for):
    form = {"Origin": "http://localhost", "Content-Type": "application/x-www-form-urlencoded"}

    assert client.post(link_for("facebook_ads_dach"), headers=form).status_code == 303


@pytest.mark.parametrize("invitation", ["forged", "a.b.c", "%00", "x" * LONGEST_TOKEN])
def test_a_forged_link_is_refused(client, invitation):
    answer = client.get(f"/_/invite/{invitation}")

    assert answer.status_code == 404
    assert heading(answer) == "This link is no longer valid"


def test_an_expired_link_says_so(client, link_for, later):
    path = link_for("facebook_ads_dach")
    later(DAY + 2)

    for answer in (client.get(path), client.post(path, data={})):
        assert answer.status_code == 404
        assert heading(answer) == "This link is no longer valid"
        assert "It has expired." in answer.text


def test_a_revoked_link_says_so(client, id_of, link_for):
    path, connector_id = link_for("facebook_ads_dach"), id_of("facebook_ads_dach")
    (link,) = client.get(f"/_/connectors/{connector_id}/invitations").json

    revoked = client.delete(f"/_/connectors/{connector_id}/invitations/{link['id']}")

    assert (revoked.status_code, revoked.json["state"]) == (200, "revoked")
    for answer in (client.get(path), client.post(path, data={})):
        assert answer.status_code == 404
        assert "It has been withdrawn." in answer.text
        assert "facebook" not in answer.text.lower()


def test_a_link_of_our_pages_is_no_invitation(client, runtime):
    connectors = runtime.portal.connectors().items
    link = runtime.portal.signer.link(runtime.portal.tenant.id, connectors[0].id)

    assert client.get(f"/_/invite/{link}").status_code == 404


def test_a_link_of_the_earlier_kind_is_no_longer_valid(client, runtime, id_of):
    earlier = runtime.portal.signer.invitation(runtime.portal.tenant.id, id_of("webshop"))

    assert client.get(f"/_/invite/{earlier}").status_code == 404


def test_a_finished_set_up_is_reported_without_the_name(client, link_for):
    answer = client.get(link_for("stripe_payments"))

    assert heading(answer) == "The set-up is finished"
    assert "stripe" not in answer.text.lower()


def test_a_link_for_a_broken_connector_asks_to_reconnect_it(client, link_for):
    path = link_for("zendesk_support")

    page = client.get(path)

    assert heading(page) == "Reconnect Zendesk Support"
    assert "asks you to enter the credentials of this connector again." in page.text
    assert "/connect-card/setup?" in client.post(path, data={}).location


@pytest.mark.parametrize("note", ["", "   \n"])
def test_without_a_note_none_is_shown(client, link_for, note):
    assert "blockquote dir" not in client.get(link_for("facebook_ads_dach", note=note)).text


def test_a_note_is_always_escaped(runtime: Runtime, client, id_of):
    links, connector_id = runtime.portal.links, id_of("facebook_ads_dach")
    markup = some.sampled_from(["<script>", "</blockquote>", "&lt;", '"', "'", "{{", "\r\n", "\0"])
    texts = some.text(max_size=40) | some.text(some.characters(), max_size=LONGEST_NOTE)

    @cases(60)
    @given(note=some.lists(markup | texts, max_size=8).map("".join).map(lambda t: t[:LONGEST_NOTE]))
    def run(note: str) -> None:
        made = links.create(connector_id, public_url="", note=note)
        page = client.get(made.url).text
        links.revoke(connector_id, made.link.id)
        shown = re.search('<blockquote dir="auto">(.*?)</blockquote>', page, re.DOTALL)
        kept = unescape(shown[1]) if shown else ""
        assert page.count("<blockquote") == (1 if kept else 0)
        assert not shown or not re.search("[<>\"']", shown[1])
        assert "<script" not in page
        assert kept == made.link.note
        assert kept.count("<") <= note.count("<")

    run()


def test_returning_from_a_card_to_a_broken_connector_says_so(client, runtime):
    connectors = runtime.portal.connectors().items
    broken = next(item.id for item in connectors if item.schema_name == "zendesk_support")
    state = runtime.portal.signer.state(runtime.portal.tenant.id, connector_id=broken)

    answer = client.get("/_/invited", query_string={"state": state})

    assert heading(answer) == "The connection does not work yet"


def test_the_link_of_a_deleted_connector_says_so(client, runtime, id_of, link_for):
    path = link_for("facebook_ads_dach")
    runtime.portal.operations.delete(id_of("facebook_ads_dach"))

    answer = client.get(path)

    assert heading(answer) == "There is nothing to set up"


def test_returning_from_the_card_shows_the_state_and_no_dashboard(client, runtime):
    connectors = runtime.portal.connectors().items
    connector_id = next(item.id for item in connectors if item.schema_name == "stripe_payments")
    state = runtime.portal.signer.state(runtime.portal.tenant.id, connector_id=connector_id)

    first, again = (client.get(f"/_/invited?state={state}") for _ in range(2))

    assert heading(first) == "The set-up is finished"
    assert heading(again) == "This page was already shown"
    assert 'href="/' not in first.text
    assert "script-src" not in first.headers["Content-Security-Policy"]


def test_finishing_through_a_link_is_noted_and_the_link_leads_no_further(
    client, sandbox, id_of, link_for
):
    connector_id, path = id_of("facebook_ads_dach"), link_for("facebook_ads_dach")
    card = client.post(path, data={}).location
    state = re.search("invited%3Fstate%3D([^&]*)", card)[1]
    sandbox.world.pass_setup(connector_id)

    page = client.get(f"/_/invited?state={state}")

    assert heading(page) == "The set-up is finished"
    (link,) = client.get(f"/_/connectors/{connector_id}/invitations").json
    assert link["state"] == "finished"
    assert link["created_at"] <= link["opened_at"] <= link["finished_at"]
    assert heading(client.post(path, data={})) == "The set-up is finished"


def test_a_failure_of_fivetran_is_a_plain_page_without_the_cards_address():
    settings = Settings(
        api_key="k", api_secret="s", group_id="g", api_url=API, database_url="sqlite://"
    )
    started = runtimes.start(settings)
    with responses.RequestsMock() as api:
        items = [{"id": "one", "status": {"setup_state": "incomplete"}}]
        api.get(f"{API}/v1/groups/g/connections", json={"data": {"items": items}})
        api.post(f"{API}/v1/connections/one/connect-card", status=500, body=CARD)
        link = started.portal.links.create("one", public_url="")

        answer = create_app(lambda: started).test_client().post(link.url, data={})
    state = started.portal.links.listed("one")[0].state
    started.close()

    assert answer.status_code == 503
    assert heading(answer) == "This does not work right now"
    assert "a-secret" not in answer.text
    assert state == "waiting"


def test_the_first_page_needs_no_catalogue(runtime, client, link_for, monkeypatch):
    path = link_for("facebook_ads_dach")
    monkeypatch.setattr(runtime.portal, "catalogue", _fails)

    assert heading(client.get(path)) == "Connect facebook_ads"


def _fails():
    raise ServerFailed("Fivetran failed.")


def test_a_program_makes_lists_and_revokes_links(client, id_of):
    path = f"/_/connectors/{id_of('facebook_ads_dach')}/invitations"

    made = client.post(path, json={"note": "Please", "hours": 168})
    (listed,) = client.get(path).json
    again = [client.delete(f"{path}/{made.json['id']}").status_code for _ in range(2)]

    assert made.headers["Cache-Control"] == "no-store"
    assert made.json["url"].startswith("http://localhost/_/invite/")
    assert (listed["id"], listed["note"], listed["state"]) == (made.json["id"], "Please", "waiting")
    assert listed["expires_at"] == made.json["expires_at"]
    assert "url" not in listed
    assert again == [200, 404]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"hours": 2}, "The field hours must be one of 1, 24, 168.", id="duration"),
        pytest.param({"hours": "1"}, "The field hours must be one of 1, 24, 168.", id="text"),
        pytest.param({"note": 1}, "The field note must be text of at most 500 char", id="number"),
        pytest.param({"note": "x" * 501}, "The field note must be text of at most", id="long"),
        pytest.param({"to": "x"}, "There is no field 'to'. Send note, hours.", id="unknown"),
        pytest.param([], 'Send a JSON object: {"note": "...", "hours": 24}', id="list"),
    ],
)
def test_an_invalid_request_for_a_link_is_refused(client, id_of, body, message):
    path = f"/_/connectors/{id_of('facebook_ads_dach')}/invitations"

    answer = client.post(path, json=body)

    assert answer.status_code == 400
    assert message in answer.json["error"]["message"]
    assert client.get(path).json == []


@pytest.mark.parametrize(
    ("role", "status"), [(None, 401), (Role.VIEWER, 403), (Role.EDITOR, 200), (Role.ADMIN, 200)]
)
def test_editors_and_above_make_links(runtime, id_of, role, status):
    path = f"/_/connectors/{id_of('facebook_ads_dach')}/invitations"
    link_id = runtime.portal.links.create(id_of("facebook_ads_dach"), public_url="").link.id
    who = Identity("person:1", runtime.portal.tenant.id, role, "Ada") if role else None
    sessions, tokens = runtime.identity.sessions, runtime.identity.tokens
    authentication = Authentication(sessions, tokens, default=who)
    identity = replace(runtime.identity, authentication=authentication)
    client = create_app(lambda: replace(runtime, identity=identity)).test_client()

    answers = [
        client.get(path),
        client.post(path, json={}),
        client.delete(f"{path}/{link_id}"),
    ]

    assert [answer.status_code for answer in answers] == [status] * 3
    if status == 200:
        page = client.get(answers[1].json["url"])
        assert "Ada asks you to finish the set-up of this connector." in page.text


def test_links_of_another_tenant_do_not_exist(client, sandbox):
    group = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=group.id)[0].id

    assert client.get(f"/_/connectors/{foreign}/invitations").status_code == 404
    assert client.post(f"/_/connectors/{foreign}/invitations", json={}).status_code == 404
    assert client.delete(f"/_/connectors/{foreign}/invitations/x").status_code == 404
