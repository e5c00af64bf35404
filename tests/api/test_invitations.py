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
def slip(house: Runtime):
    """Sign an invitation to the sandbox's connector of a permanent name."""

    def sign(schema: str) -> str:
        own = house.portal.connectors().items
        wanted = next(one.id for one in own if one.schema_name == schema)
        return house.portal.signer.invitation(house.portal.tenant.id, wanted)

    return sign


def heading(answer) -> str:
    return re.search("<h1>(.*?)</h1>", answer.text)[1]


def test_a_link_leads_to_the_card_as_often_as_it_is_opened(client, slip):
    unfinished = slip("facebook_ads_dach")

    first, second = (client.get(f"/_/invite/{unfinished}") for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert "/connect-card/setup?" in first.location
    assert "/_/invited%3Fstate%3D" in first.location
    assert "auth=" in first.location
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("invitation", ["forged", "a.b.c", "%00", "x" * 3000])
def test_a_link_that_is_not_ours_or_too_old_says_so(client, invitation):
    answer = client.get(f"/_/invite/{invitation}")

    assert answer.status_code == 404
    assert heading(answer) == "This link is no longer valid"


def test_a_link_is_good_for_a_day(client, slip, monkeypatch):
    import time

    unfinished, began = slip("facebook_ads_dach"), time.time()
    monkeypatch.setattr("time.time", lambda: began + 24 * 3600 + 2)

    assert client.get(f"/_/invite/{unfinished}").status_code == 404


def test_a_ticket_of_our_pages_is_no_invitation(client, house):
    own = house.portal.connectors().items
    ticket = house.portal.signer.ticket(house.portal.tenant.id, own[0].id)

    assert client.get(f"/_/invite/{ticket}").status_code == 404


def test_a_set_up_that_is_finished_is_told_without_saying_whose(client, slip):
    answer = client.get(f"/_/invite/{slip('stripe_payments')}")

    assert heading(answer) == "The set-up is finished"
    assert "stripe" not in answer.text.lower()


def test_a_link_for_a_broken_connector_leads_to_the_card(client, slip):
    answer = client.get(f"/_/invite/{slip('zendesk_support')}")

    assert answer.status_code == 303
    assert "/connect-card/setup?" in answer.location


def test_who_comes_back_from_a_card_that_mended_nothing_is_not_told_that_all_is_finished(
    client, house
):
    own = house.portal.connectors().items
    broken = next(one.id for one in own if one.schema_name == "zendesk_support")
    state = house.portal.signer.state(house.portal.tenant.id, connector_id=broken)

    answer = client.get("/_/invited", query_string={"state": state})

    assert heading(answer) == "The connection does not work yet"


def test_a_connector_that_is_deleted_is_told(client, house, slip):
    unfinished = slip("facebook_ads_dach")
    own = house.portal.connectors().items
    wanted = next(one.id for one in own if one.schema_name == "facebook_ads_dach")
    house.portal.operations.delete(wanted)

    answer = client.get(f"/_/invite/{unfinished}")

    assert heading(answer) == "There is nothing to set up"


def test_who_comes_back_sees_how_it_is_and_no_dashboard(client, house):
    own = house.portal.connectors().items
    wanted = next(one.id for one in own if one.schema_name == "stripe_payments")
    state = house.portal.signer.state(house.portal.tenant.id, connector_id=wanted)

    first, again = (client.get(f"/_/invited?state={state}") for _ in range(2))

    assert heading(first) == "The set-up is finished"
    assert heading(again) == "You have been here before"
    assert 'href="/' not in first.text
    assert "script-src" not in first.headers["Content-Security-Policy"]


def test_a_fivetran_that_fails_is_a_plain_page_without_the_cards_address():
    settings = Settings(
        api_key="k", api_secret="s", group_id="g", api_url=API, database_url="sqlite://"
    )
    started = runtimes.start(settings)
    slip = started.portal.signer.invitation("g", "one")
    with responses.RequestsMock() as api:
        items = [{"id": "one", "status": {"setup_state": "incomplete"}}]
        api.get(f"{API}/v1/groups/g/connections", json={"data": {"items": items}})
        api.post(f"{API}/v1/connections/one/connect-card", status=500, body=CARD)

        answer = create_app(lambda: started).test_client().get(f"/_/invite/{slip}")
    started.close()

    assert answer.status_code == 503
    assert heading(answer) == "This does not work right now"
    assert "a-secret" not in answer.text
