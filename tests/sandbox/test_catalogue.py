"""All 773 services: their creation, descriptions, icons and cards."""

from xml.etree import ElementTree

import pytest

from pbf.sandbox.catalogue.icons import contrast, icon, initials
from pbf.sandbox.catalogue.labels import choice_label, label
from pbf.sandbox.catalogue.services import services

EXAMPLES = {
    "hubspot": (["schema"], {"schema": "name"}, "name"),
    "google_sheets": (["schema", "table"], {"schema": "name", "table": "part"}, "name.part"),
    "postgres": (["schema_prefix"], {"schema_prefix": "name"}, "name"),
    "s3": (
        ["schema", "table_group_name"],
        {"schema": "name", "table_group_name": "part"},
        "name.part",
    ),
}


@pytest.mark.parametrize("service", EXAMPLES)
def test_each_kind_of_naming_requires_its_fields_and_builds_the_schema(api, create, service):
    required, config, schema = EXAMPLES[service]

    detail = api.data(f"/metadata/connector-types/{service}")
    created = create(service, config)

    assert detail["config"]["required"] == required
    assert created["schema"] == schema


@pytest.mark.parametrize("service", EXAMPLES)
def test_a_missing_naming_field_is_named(api, world, service):
    for missing in EXAMPLES[service][0]:
        config = {k: v for k, v in EXAMPLES[service][1].items() if k != missing}
        body = {"group_id": world.group_id, "service": service, "config": config}

        answer = api.post("/connections", body)

        assert answer.status_code == 400
        assert answer.json == {"code": "InvalidInput", "message": f"Field '{missing}' is required"}


def test_every_service_can_be_created_with_its_required_fields(api, create):
    for service in (service.id for service in services().values() if service.api_configurable):
        required = api.data(f"/metadata/connector-types/{service}")["config"]["required"]

        created = create(service, dict.fromkeys(required, f"all_{service}"))

        assert created["service"] == service
        assert created["schema"] == ".".join([f"all_{service}"] * len(required))


def test_every_service_has_a_card(client, create):
    for service in (service for service in services().values() if service.api_configurable):
        naming = dict.fromkeys(service.naming_fields, f"all_{service.id}")
        settings = {"redirect_uri": "https://vendor.example/", "all_fields": True}
        card = create(service.id, naming, connect_card_config=settings)

        page = client.get(card["connect_card"]["uri"])

        assert page.status_code == 200, service.id
        fields = page.text.count('data-field="')
        assert fields == len(service.fields), service.id
        assert ("Authorise</a>" in page.text) == (service.auth or not service.fields), service.id


def test_every_icon_is_well_formed_svg_with_a_title():
    for service in services().values():
        root = ElementTree.fromstring(icon(service).svg)

        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text == service.name


def test_every_icon_contrasts_with_its_tile():
    for service in services().values():
        root = ElementTree.fromstring(icon(service).svg)

        tile = root.find("{http://www.w3.org/2000/svg}rect")
        assert tile is not None
        assert contrast(root[-1].attrib["fill"], tile.attrib["fill"]) >= 2, service.id


def test_an_icon_is_cached_for_ever_and_needs_no_key(client):
    answer = client.get("/icons/hubspot.svg")
    again = client.get("/icons/hubspot.svg", headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert again.status_code == 304
    assert client.get("/icons/nobody.svg").status_code == 404


@pytest.mark.parametrize(
    ("name", "letters"),
    [("15Five", "15"), ("7shifts", "7s"), ("AlertMedia", "AM"), ("Jira", "Ji"), ("You Need", "YN")],
)
def test_a_monogram_has_one_or_two_letters(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sheet_id", "Sheet ID"),
        ("api_key", "API key"),
        ("client_public_certificate", "Client public certificate"),
        ("connection_type", "How to connect"),
        ("s3role_arn", "S3 role ARN"),
        ("campaignId", "Campaign ID"),
    ],
)
def test_a_fields_label_is_made_of_words(name, text):
    assert label(name) == text


@pytest.mark.parametrize(
    ("choice", "count", "text"),
    [
        ("SshTunnel", 4, "SSH tunnel"),
        ("IAM_ROLE", 3, "IAM role"),
        ("us-west-2", 5, "us-west-2"),
        ("GBP", 160, "GBP"),
        ("jp", 3, "jp"),
    ],
)
def test_codes_among_choices_stay_unchanged(choice, count, text):
    assert choice_label(choice, count) == text


def test_the_catalogue_is_sorted_by_id(api):
    pages = api.pages("/metadata/connector-types", limit=1000)

    ids = [item["id"] for item in pages[0]]
    assert len(pages) == 1
    assert len(ids) == 773
    assert ids == sorted(ids)
    assert ids[0] == "15five"


def test_the_public_catalogue_is_a_plain_list_without_a_key(api, client):
    answer = client.get("/public/connector-types")

    assert answer.status_code == 200
    assert answer.json["data"] == api.data("/metadata/connector-types", limit=1000)["items"]
    assert "X-Rate-Limit" not in answer.headers


def test_the_detail_contains_types_secrets_and_choices(api):
    properties = api.data("/metadata/connector-types/postgres")["config"]["properties"]

    assert properties["port"]["type"] == "integer"
    assert properties["password"]["format"] == "password"
    assert "SshTunnel" in properties["connection_type"]["enum"]
    assert properties["schema_prefix"]["immutable"] is True
    assert api.data("/metadata/connector-types/hubspot")["auth"]["properties"]["refresh_token"]
    assert "auth" not in api.data("/metadata/connector-types/postgres")


def test_the_metadata_says_what_can_be_cleared_changed_and_reloaded(api, create):
    table, folder = (
        api.data(f"/metadata/connector-types/{service}") for service in ("postgres", "box")
    )
    name, host = (table["config"]["properties"][field] for field in ("schema_prefix", "host"))
    connection = create("postgres", {"schema_prefix": "shop", "host": "db.example.com"})["id"]
    path = f"/connections/{connection}"

    cleared = api.patch(path, {"config": {"host": None}, "run_setup_tests": False})

    flags = ("nullable", "immutable", "fieldStatus")
    assert [name[flag] for flag in flags] == [False, True, "general_availability"]
    assert [host[flag] for flag in flags] == [True, False, "general_availability"]
    assert "host" not in cleared.json["data"]["config"]
    assert (table["supports_schema_reload"], folder["supports_schema_reload"]) == (True, False)
