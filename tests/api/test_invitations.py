import re

import pytest
import responses

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime

API = "https://fivetran.example"
CARD = "https://fivetran.example/card?auth=a-secret"


@pytest.fixture
def invitation_for(runtime: Runtime):
    """Returns an invitation to the sandbox's connector with a permanent name."""

    def sign(schema: str) -> str:
        connectors = runtime.portal.connectors().items
        connector_id = next(item.id for item in connectors if item.schema_name == schema)
        return runtime.portal.signer.invitation(runtime.portal.tenant.id, connector_id)

    return sign


def heading(answer) -> str:
    return re.search("<h1>(.*?)</h1>", answer.text)[1]


def test_a_link_leads_to_the_card_each_time_it_is_opened(client, invitation_for):
    unfinished = invitation_for("facebook_ads_dach")

    first, second = (client.get(f"/_/invite/{unfinished}") for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert "/connect-card/setup?" in first.location
    assert "/_/invited%3Fstate%3D" in first.location
    assert "auth=" in first.location
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("invitation", ["forged", "a.b.c", "%00", "x" * 3000])
def test_a_forged_link_is_refused(client, invitation):
    answer = client.get(f"/_/invite/{invitation}")

    assert answer.status_code == 404
    assert heading(answer) == "This link is no longer valid"


def test_a_link_is_valid_for_a_day(client, invitation_for, monkeypatch):
    import time

    unfinished, began = invitation_for("facebook_ads_dach"), time.time()
    monkeypatch.setattr("time.time", lambda: began + 24 * 3600 + 2)

    assert client.get(f"/_/invite/{unfinished}").status_code == 404


def test_a_link_of_our_pages_is_no_invitation(client, runtime):
    connectors = runtime.portal.connectors().items
    link = runtime.portal.signer.link(runtime.portal.tenant.id, connectors[0].id)

    assert client.get(f"/_/invite/{link}").status_code == 404


def test_a_finished_set_up_is_reported_without_the_name(client, invitation_for):
    answer = client.get(f"/_/invite/{invitation_for('stripe_payments')}")

    assert heading(answer) == "The set-up is finished"
    assert "stripe" not in answer.text.lower()


def test_a_link_for_a_broken_connector_leads_to_the_card(client, invitation_for):
    answer = client.get(f"/_/invite/{invitation_for('zendesk_support')}")

    assert answer.status_code == 303
    assert "/connect-card/setup?" in answer.location


def test_returning_from_a_card_to_a_broken_connector_says_so(client, runtime):
    connectors = runtime.portal.connectors().items
    broken = next(item.id for item in connectors if item.schema_name == "zendesk_support")
    state = runtime.portal.signer.state(runtime.portal.tenant.id, connector_id=broken)

    answer = client.get("/_/invited", query_string={"state": state})

    assert heading(answer) == "The connection does not work yet"


def test_the_link_of_a_deleted_connector_says_so(client, runtime, invitation_for):
    unfinished = invitation_for("facebook_ads_dach")
    connectors = runtime.portal.connectors().items
    connector_id = next(item.id for item in connectors if item.schema_name == "facebook_ads_dach")
    runtime.portal.operations.delete(connector_id)

    answer = client.get(f"/_/invite/{unfinished}")

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


def test_a_failure_of_fivetran_is_a_plain_page_without_the_cards_address():
    settings = Settings(
        api_key="k", api_secret="s", group_id="g", api_url=API, database_url="sqlite://"
    )
    started = runtimes.start(settings)
    invitation = started.portal.signer.invitation("g", "one")
    with responses.RequestsMock() as api:
        items = [{"id": "one", "status": {"setup_state": "incomplete"}}]
        api.get(f"{API}/v1/groups/g/connections", json={"data": {"items": items}})
        api.post(f"{API}/v1/connections/one/connect-card", status=500, body=CARD)

        answer = create_app(lambda: started).test_client().get(f"/_/invite/{invitation}")
    started.close()

    assert answer.status_code == 503
    assert heading(answer) == "This does not work right now"
    assert "a-secret" not in answer.text
