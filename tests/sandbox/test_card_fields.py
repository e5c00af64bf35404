"""Which fields a Connect Card shows for which choices, and the outcomes of its tests."""

import re

import pytest

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.connect_card.dependencies import dependencies
from pbf.sandbox.connect_card.fields import card_fields

BACK = "https://vendor.example/back"
DATABASE = {"host": "db.example.com", "database": "shop", "user": "reader", "password": "hunter22"}


@pytest.fixture
def card(create):
    """Create a connection with a card with these settings."""

    def make(service, config, **settings):
        return create(service, config, connect_card_config={"redirect_uri": BACK, **settings})

    return make


@pytest.fixture
def save(client):
    """Submit a card with Save & Test."""

    def press(card, values, outcome="pass"):
        body = {"auth": card["connect_card"]["token"], "values": values, "outcome": outcome}
        return client.post("/connect-card/test", json=body).json

    return press


def shown(client, card):
    return re.findall(r'data-field="(\w+)"', client.get(card["connect_card"]["uri"]).text)


@pytest.mark.parametrize(
    ("service", "field", "chooser", "choices"),
    [
        ("postgres", "tunnel_host", "connection_type", ("SshTunnel",)),
        ("postgres", "password", "auth_method", ("PASSWORD",)),
        ("postgres", "entra_app_id", "auth_method", ("ENTRA_ID",)),
        ("postgres", "client_private_key", "auth_method", ("CLIENT_CERTIFICATE",)),
        ("postgres", "replication_slot", "update_method", ("WAL_PGOUTPUT",)),
        ("snowflake_db", "private_key", "auth", ("KEY_PAIR",)),
        ("s3", "access_key_secret", "auth_type", ("ACCESS_KEY",)),
        ("s3", "role_arn", "auth_type", ("IAM_ROLE",)),
        ("upland", "username", "auth_type", ("basic",)),
        ("younium", "client_secret", "auth_type", ("oauth2",)),
        ("google_ads", "accounts", "sync_mode", ("SpecificAccounts",)),
        ("google_ads", "manager_accounts", "sync_mode", ("ManagerAccounts",)),
        ("webhooks", "auth_secret", "auth_method", ("HMAC", "TOKEN_BASED")),
        ("webhooks", "gcs_bucket", "bucket_service", ("GCS",)),
        ("ftp", "pgp_secret_key", "use_pgp_encryption_options", ("true",)),
    ],
)
def test_a_field_depends_on_the_choice_that_needs_it(service, field, chooser, choices):
    assert dependencies(services()[service])[field] == (chooser, choices)


@pytest.mark.parametrize("field", ["host", "user", "port", "database"])
def test_a_field_that_every_choice_needs_depends_on_none(field):
    assert field not in dependencies(services()["postgres"])


def test_every_dependency_of_the_catalogue_names_choices_that_exist():
    wrong = [
        (service.id, name)
        for service in services().values()
        for name, (chooser, choices) in dependencies(service).items()
        if name == chooser
        or not set(choices) < {*service.by_name[chooser].enum, "true", ""}
        or not choices
    ]

    assert wrong == []
    assert sum(bool(dependencies(service)) for service in services().values()) > 100


def test_the_chooser_of_a_shown_field_is_shown_for_every_service():
    for service in services().values():
        head, more = card_fields(service, {})
        names = {item.name for item in head + more}

        assert {item.depends_on for item in head + more} - {""} <= names


def test_no_required_field_is_hidden():
    for service in services().values():
        head, more = card_fields(service, {})
        all_fields, _ = card_fields(service, {}, all_fields=True)
        hidden = {item.name for item in all_fields} - {item.name for item in head + more}

        assert not [item for item in all_fields if item.required and item.name in hidden]


def test_all_fields_shows_the_fields_that_are_hidden_otherwise(client, card):
    config = {"schema": "files", "table_group_name": "a"}
    usual = shown(client, card("sftp", config))
    all_fields = shown(client, card("sftp", {**config, "schema": "more"}, all_fields=True))

    assert sorted(all_fields) == sorted(field.name for field in services()["sftp"].fields)
    assert set(usual) < set(all_fields)
    assert len(usual) >= 12


def test_a_field_of_another_choice_is_not_required(card, save):
    config = {"schema_prefix": "shop"}
    values = {"host": "h", "database": "d", "user": "u", "auth": "KEY_PAIR"}

    missing = save(card("snowflake_db", config), values)
    complete = save(
        card("snowflake_db", {"schema_prefix": "shop2"}), {**values, "private_key": "key"}
    )

    assert set(missing["errors"]) == {"private_key"}
    assert complete["passed"] is True


def test_a_warning_connects_and_has_a_message(api, card, save, seeded):
    connection = card("postgres", {"schema_prefix": "shop"})

    verdict = save(connection, {**DATABASE, "auth_method": "PASSWORD"}, outcome="warn")

    assert verdict["passed"] is True
    assert [test["status"] for test in verdict["tests"]] == ["PASSED", "PASSED", "WARNING"]
    assert "cannot be read" in verdict["tests"][2]["message"]
    assert seeded("shop")["status"]["setup_state"] == "connected"


@pytest.mark.parametrize(
    ("service", "values", "blamed"),
    [
        pytest.param("postgres", {**DATABASE, "auth_method": "PASSWORD"}, "password", id="secret"),
        pytest.param("gmail", {}, "authorise", id="consent"),
    ],
)
def test_a_failure_marks_the_field_to_blame(client, card, save, service, values, blamed):
    naming = services()[service].naming_fields
    connection = card(service, dict.fromkeys(naming, "shop"))
    query = connection["connect_card"]["uri"].partition("?")[2]
    client.post(f"/connect-card/authorise?{query}")

    verdict = save(connection, values, outcome="fail")

    assert verdict["passed"] is False
    assert list(verdict["blamed"]) == [blamed]
    assert "refused these credentials" in verdict["blamed"][blamed]


def test_an_abandoned_card_leaves_the_connection_incomplete(api, client, card, world):
    connection = card("postgres", {"schema_prefix": "shop"})

    client.get(connection["connect_card"]["uri"])
    world.advance(3 * 24 * 3600)

    status = api.data(f"/connections/{connection['id']}")["status"]
    assert (status["setup_state"], status["sync_state"]) == ("incomplete", "scheduled")
    assert client.get(connection["connect_card"]["uri"]).status_code == 403


def test_the_page_offers_pass_warn_and_fail(client, card):
    page = client.get(card("postgres", {"schema_prefix": "shop"})["connect_card"]["uri"]).text

    assert re.findall(r'name="sandbox-outcome" value="(\w+)"', page) == ["pass", "warn", "fail"]
