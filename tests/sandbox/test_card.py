"""The Connect Card: what it shows, what it requires, and what its tests change."""

import base64
import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from itsdangerous import BadSignature

from pbf.sandbox.app import create_app
from pbf.sandbox.connect_card import tokens

DATABASE = {"host": "db.example.com", "database": "shop", "user": "reader", "password": "hunter22"}
BACK = "https://vendor.example/back?state=s1"


@pytest.fixture
def save(client):
    """Submit a card with Save & Test."""

    def press(card, values, outcome="pass"):
        body = {"auth": card["connect_card"]["token"], "values": values, "outcome": outcome}
        return client.post("/connect-card/test", json=body)

    return press


@pytest.fixture
def postgres(create):
    return create("postgres", {"schema_prefix": "shop"})


def choices(**more):
    return {**DATABASE, "auth_method": "PASSWORD", "connection_type": "Directly", **more}


def setup_state(api, connection):
    return api.data(f"/connections/{connection['id']}")["status"]["setup_state"]


def test_a_token_is_a_jwt_that_names_the_connection(create, world):
    created = create()

    header, body, _ = created["connect_card"]["token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))

    assert base64.urlsafe_b64decode(header + "==") == b'{"typ":"JWT","alg":"HS256"}'
    assert claims["d"]["connector"] == created["id"]
    assert claims["d"]["method"] == "PbfCard"
    assert claims["iat"] == int(world.clock())
    assert "exp" not in claims


def test_the_page_shows_the_services_fields_with_suitable_controls(client, postgres):
    page = client.get(postgres["connect_card"]["uri"]).text

    assert "Connect PostgreSQL" in page
    assert "<code>shop</code>" in page
    assert re.search(r'<input type="password" id="field-password"', page)
    assert re.search(r'<input type="number" id="field-port" name="port" value="5432"', page)
    assert re.search(r'<select id="field-connection_type"', page)
    assert re.search(r'role="switch" id="field-always_encrypted"', page)
    assert 'data-depends-on="connection_type" data-depends-values="SshTunnel"' in page
    assert "Authorise</a>" not in page


def test_every_control_has_a_label_and_an_error_element(client, postgres):
    page = client.get(postgres["connect_card"]["uri"]).text

    for name in re.findall(r'data-field="(\w+)"', page):
        assert f'<label for="field-{name}">' in page
        assert f'id="field-{name}-error"' in page


def test_the_page_forbids_framing_foreign_scripts_and_caching(client, postgres):
    headers = client.get(postgres["connect_card"]["uri"]).headers

    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]


def test_the_page_has_nothing_inline_and_only_relative_assets(client, postgres):
    page = client.get(postgres["connect_card"]["uri"]).text

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert not address.startswith("/")
    for name in ("card.js", "card.css", "card.svg"):
        with client.get(f"/connect-card/static/{name}") as asset:
            assert asset.status_code == 200


def test_the_guide_stands_aside_unless_hidden(client, create):
    shown = create("gmail", {"schema": "mail"})
    config = {"redirect_uri": BACK, "hide_setup_guide": True}
    hidden = create("gmail", {"schema": "mail2"}, connect_card_config=config)

    assert "Setup guide" in client.get(shown["connect_card"]["uri"]).text
    assert "Setup guide" not in client.get(hidden["connect_card"]["uri"]).text


def test_passing_connects_and_stores_no_secret(api, save, postgres, world):
    answer = save(postgres, choices())

    connection = api.data(f"/connections/{postgres['id']}")
    assert answer.json["passed"] is True
    assert [test["title"] for test in answer.json["tests"]] == [
        "Connecting to PostgreSQL",
        "Validating credentials",
        "Checking read permissions",
    ]
    assert {test["status"] for test in answer.json["tests"]} == {"PASSED"}
    assert connection["status"]["setup_state"] == "connected"
    assert connection["status"]["sync_state"] == "syncing"
    assert connection["config"]["host"] == "db.example.com"
    assert connection["config"]["password"] == "******"
    assert "hunter22" not in repr(world.connections)


def test_failing_leaves_the_connection_incomplete_and_can_be_corrected(api, save, postgres):
    failed = save(postgres, choices(), outcome="fail")
    after_failure = setup_state(api, postgres)
    save(postgres, choices())

    assert failed.json["passed"] is False
    assert [test["status"] for test in failed.json["tests"]] == ["PASSED", "FAILED", "SKIPPED"]
    assert "PostgreSQL refused" in failed.json["tests"][1]["message"]
    assert after_failure == "incomplete"
    assert setup_state(api, postgres) == "connected"


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        pytest.param({"host": ""}, {"host": "Enter the host."}, id="empty"),
        pytest.param({"host": "   "}, {"host": "Enter the host."}, id="blank"),
        pytest.param({"port": "many"}, {"port": "Port must be a whole number."}, id="words"),
        pytest.param(
            {"connection_type": "SshTunnel", "tunnel_user": "u"},
            {"tunnel_host": "Enter the tunnel host."},
            id="tunnel",
        ),
        pytest.param({"auth_method": "AWS_IAM", "password": ""}, {}, id="no-password-needed"),
    ],
)
def test_each_invalid_field_has_an_error(api, save, postgres, change, errors):
    answer = save(postgres, choices(**change))

    assert answer.json["errors"] == errors
    assert setup_state(api, postgres) == ("incomplete" if errors else "connected")


def test_a_service_with_consent_requires_it_first(api, client, create, save):
    card = create()
    query = urlsplit(card["connect_card"]["uri"]).query

    before = save(card, {"sheet_id": "abc", "auth_type": "OAuth"})
    consent = client.get(f"/connect-card/authorise?{query}")
    allowed = client.post(f"/connect-card/authorise?{query}")
    page = client.get(f"/connect-card/{allowed.location}").text
    after = save(card, {"sheet_id": "abc", "auth_type": "OAuth"})

    assert before.json["errors"] == {"authorise": "Authorise access to Google Sheets first."}
    assert "Allow access to Google Sheets?" in consent.text
    assert allowed.status_code == 303
    assert parse_qs(allowed.location.partition("?")[2]) == parse_qs(query)
    assert "Authorised</p>" in page
    assert after.json["passed"] is True
    assert setup_state(api, card) == "connected"


def test_a_service_account_needs_no_consent(create, save):
    answer = save(create(), {"sheet_id": "abc", "auth_type": "ServiceAccount"})

    assert answer.json["passed"] is True


def test_reconnecting_shows_no_secret_and_repairs_the_connection(api, client, save, seeded, world):
    broken = seeded("zendesk_support")
    config = {"connect_card_config": {"redirect_uri": BACK}}
    card = api.post(f"/connections/{broken['id']}/connect-card", config).json["data"]
    uri = card["connect_card"]["uri"]

    page = client.get(uri).text
    client.post(f"/connect-card/authorise?{urlsplit(uri).query}")
    answer = save(card, {"domain": "acme.zendesk.com", "email": "", "api_token": ""})

    assert "Reconnect Zendesk Support" in page
    assert 'value="acme.zendesk.com"' in page
    assert "******" not in page
    assert answer.json["passed"] is True
    status = api.data(f"/connections/{broken['id']}")["status"]
    assert (status["setup_state"], status["sync_state"]) == ("connected", "syncing")
    assert status["tasks"] == []


def test_the_secret_of_a_working_connection_may_stay_unchanged(api, client, postgres, save):
    save(postgres, choices())

    page = client.get(postgres["connect_card"]["uri"]).text
    answer = save(postgres, choices(password="", host="other.example.com"))

    assert "Leave empty to keep the current value" in page
    assert answer.json["passed"] is True
    config = api.data(f"/connections/{postgres['id']}")["config"]
    assert (config["host"], config["password"]) == ("other.example.com", "******")


@pytest.mark.parametrize(
    ("extra", "back"),
    [
        pytest.param("", BACK, id="from-the-card"),
        pytest.param("&redirect_uri=http://127.0.0.1:5/x", "http://127.0.0.1:5/x", id="appended"),
        pytest.param("&redirect_uri=javascript:alert(1)", BACK, id="not-http"),
        pytest.param("&redirect_uri=", BACK, id="empty"),
    ],
)
def test_the_return_url_of_the_query_is_used_if_it_is_http(client, create, extra, back):
    page = client.get(create()["connect_card"]["uri"] + extra).text

    assert unescape(re.search(r'data-back="([^"]*)"', page)[1]) == back
    assert 'href="javascript:' not in page


def test_a_legacy_card_has_no_return_url_of_its_own(api, client, create):
    created = create(connect_card_config=None)
    token = api.post(f"/connectors/{created['id']}/connect-card-token").json["token"]

    alone = client.get(f"/connect-card/setup?auth={token}").text
    with_url = client.get(f"/connect-card/setup?auth={token}&redirect_uri={BACK}").text

    assert "Done, you can close this page." in alone
    assert f'data-back="{BACK}"' in with_url


def test_a_card_is_valid_for_a_day(client, create, save, world):
    card = create()

    world.advance(24 * 3600)
    in_time = client.get(card["connect_card"]["uri"])
    world.advance(2)
    late = client.get(card["connect_card"]["uri"])

    assert in_time.status_code == 200
    assert late.status_code == 403
    assert "This link has expired" in late.text
    assert late.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert save(card, {"sheet_id": "abc"}).status_code == 403


@pytest.mark.parametrize("change", [lambda token: token[:-2], lambda token: "", lambda token: "é"])
def test_a_token_with_another_signature_is_not_valid(client, create, change):
    token = change(create()["connect_card"]["token"])

    page = client.get("/connect-card/setup", query_string={"auth": token})

    assert page.status_code == 404
    assert "This link is not valid" in page.text


def test_the_card_of_a_deleted_connection_is_not_valid(api, client, create, save):
    card = create()
    api.send("DELETE", f"/connections/{card['id']}")

    assert client.get(card["connect_card"]["uri"]).status_code == 404
    assert save(card, {}).status_code == 404


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "\u00fc.b.c"])
def test_reading_a_bad_token_raises(token):
    with pytest.raises(BadSignature):
        tokens.read(token, b"secret")


def test_markup_in_a_url_is_escaped(client, create):
    config = {"redirect_uri": 'https://a.example/"><script>x</script>'}
    card = create(connect_card_config=config)

    assert "<script>x" not in client.get(card["connect_card"]["uri"]).text


def test_the_card_works_under_a_prefix(world):
    client = create_app(world).test_client()
    options = {"base_url": "http://localhost/sandbox"}
    card = client.post(
        "/v1/connections",
        auth=(world.api_key, world.api_secret),
        json={
            "group_id": world.group_id,
            "service": "gmail",
            "config": {"schema": "mail"},
            "run_setup_tests": False,
            "connect_card_config": {"redirect_uri": BACK},
        },
        **options,
    ).json["data"]["connect_card"]
    query = urlsplit(card["uri"]).query

    page = client.get(f"/connect-card/setup?{query}", **options)
    allowed = client.post(f"/connect-card/authorise?{query}", **options)

    assert card["uri"].startswith("http://localhost/sandbox/connect-card/setup?")
    assert page.status_code == 200
    assert allowed.location.startswith("setup?")
