"""Every service that the API can create, from creation to columns, gives valid responses."""

from collections.abc import Mapping
from typing import Any

import pytest

from pbf.sandbox.catalogue.services import Field, services
from pbf.sandbox.sandbox import Sandbox
from tests.contract.definition import Operation, problems, request_problems
from tests.contract.sample_world import naming, sample_world, send

pytestmark = pytest.mark.usefixtures("definition")

ONE = "/v1/connections/{connectionId}"
CREATE = Operation("POST", "/v1/connections")
LIST = Operation("GET", "/v1/connections")
GET = Operation("GET", ONE)
UPDATE = Operation("PATCH", ONE)
CARD = Operation("POST", f"{ONE}/connect-card")
TEST = Operation("POST", f"{ONE}/test")
RELOAD = Operation("POST", f"{ONE}/schemas/reload")
SCHEMAS = Operation("GET", f"{ONE}/schemas")
COLUMNS = Operation("GET", f"{ONE}/schemas/{{schema}}/tables/{{table}}/columns")
CREATABLE = {name: service for name, service in services().items() if service.api_configurable}
TIMES = ("tables_without_access_updated_at", "refresh_token_expires_at")
MAGIC = 40
"""The most services that read files, whose tables are settings and not a schema."""


class ValidatingClient:
    """Sends requests to one world and fails the test on an invalid response."""

    def __init__(self) -> None:
        self.world: Sandbox = sample_world()

    def send(self, operation: Operation, body: Any = None, **values: str) -> Any:
        options = {} if body is None else {"json": body}
        assert body is None or request_problems(operation, body, {}) == [], body
        answer = send(self.world, operation.method, operation.at(**values), **options)
        assert problems(operation, answer.status_code, answer.json) == [], (operation, values)
        return answer

    def create(self, service: str, **fields: Any) -> dict[str, Any]:
        body = {
            "group_id": self.world.group_id,
            "service": service,
            "config": naming(service, f"my_{service}"),
            "run_setup_tests": False,
            **fields,
        }
        answer = self.send(CREATE, body)
        assert answer.status_code == 201
        data: dict[str, Any] = answer.json["data"]
        return data


@pytest.fixture
def client() -> ValidatingClient:
    return ValidatingClient()


def sample(field: Field) -> Any:
    """A value of a setting's type."""
    if field.enum:
        return field.enum[0]
    if field.name in TIMES:
        return "2026-11-20T12:00:00.000Z"
    samples: Mapping[str, Any] = {"boolean": True, "integer": 7, "number": 0.5, "array": []}
    return samples.get(field.type, {} if field.type == "object" else "text")


def test_every_service_can_be_created_read_changed_tested_and_given_a_card(client):
    for service in CREATABLE:
        connection = client.create(
            service, connect_card_config={"redirect_uri": "https://vendor.example"}
        )

        parameters = {"connectionId": connection["id"]}
        read = client.send(GET, **parameters).json["data"]
        client.send(UPDATE, {"sync_frequency": 60}, **parameters)
        client.send(TEST, {}, **parameters)
        card = client.send(
            CARD, {"connect_card_config": {"redirect_uri": "https://v.example"}}, **parameters
        )
        assert read["schema"] == connection["schema"]
        assert card.json["data"]["connect_card"]["uri"]


def test_every_service_takes_all_its_settings_and_shows_them_again(client):
    for service in CREATABLE.values():
        settings = {field.name: sample(field) for field in service.fields}

        connection = client.create(
            service.id, config={**settings, **naming(service.id, "x_" + service.id)}
        )

        assert set(connection["config"]) == set(settings) or service.id == "google_sheets"
        for field in service.fields:
            shown = "******" if field.secret and field.type == "string" else settings[field.name]
            assert connection["config"][field.name] == shown, (service.id, field.name)


def test_every_connected_service_has_a_schema_and_columns(client):
    without_schema = []
    for service in CREATABLE:
        connection = client.create(service)
        client.world.pass_setup(connection["id"])
        parameters = {"connectionId": connection["id"]}

        reloaded = client.send(RELOAD, {}, **parameters)

        if reloaded.status_code == 400:
            without_schema.append(service)
            continue
        assert reloaded.status_code == 200
        shown = client.send(SCHEMAS, **parameters).json["data"]
        schema, tables = next(iter(shown["schemas"].items()))
        table = next(iter(tables["tables"]))
        columns = client.send(COLUMNS, schema=schema, table=table, **parameters)
        assert columns.status_code == 200, service
    assert len(without_schema) <= MAGIC, without_schema


def test_a_page_of_all_the_services_is_valid_at_every_time_of_a_day(client):
    for number, service in enumerate(CREATABLE):
        connection = client.create(service)
        if number % 3:
            client.world.pass_setup(connection["id"])
        if number % 7 == 1:
            client.world.break_connection(connection["id"])

    for _ in range(12):
        client.world.advance(7300)
        answer = send(client.world, "GET", f"{LIST.path}?limit=1000")
        assert problems(LIST, answer.status_code, answer.json) == []
        assert len(answer.json["data"]["items"]) > 773
