"""All services that the API creates, from creation to their columns: every answer is valid."""

from collections.abc import Mapping
from typing import Any

import pytest

from pbf.sandbox.catalogue.services import Field, services
from pbf.sandbox.sandbox import Sandbox
from tests.contract.definition import Operation, problems, request_problems
from tests.contract.furniture import furnished, naming, send

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
CREATABLE = {name: one for name, one in services().items() if one.api_configurable}
TIMES = ("tables_without_access_updated_at", "refresh_token_expires_at")
MAGIC = 40
"""No more services than this read files, whose tables are settings and not a schema."""


class Talk:
    """Requests to one world; what is wrong with an answer stops the test."""

    def __init__(self) -> None:
        self.world: Sandbox = furnished()

    def ask(self, operation: Operation, body: Any = None, **values: str) -> Any:
        options = {} if body is None else {"json": body}
        assert body is None or request_problems(operation, body, {}) == [], body
        answer = send(self.world, operation.method, operation.at(**values), **options)
        assert problems(operation, answer.status_code, answer.json) == [], (operation, values)
        return answer

    def created(self, service: str, **fields: Any) -> dict[str, Any]:
        body = {
            "group_id": self.world.group_id,
            "service": service,
            "config": naming(service, f"my_{service}"),
            "run_setup_tests": False,
            **fields,
        }
        answer = self.ask(CREATE, body)
        assert answer.status_code == 201
        data: dict[str, Any] = answer.json["data"]
        return data


@pytest.fixture
def talk() -> Talk:
    return Talk()


def sample(field: Field) -> Any:
    """A value for a setting, of its type."""
    if field.enum:
        return field.enum[0]
    if field.name in TIMES:
        return "2026-11-20T12:00:00.000Z"
    samples: Mapping[str, Any] = {"boolean": True, "integer": 7, "number": 0.5, "array": []}
    return samples.get(field.type, {} if field.type == "object" else "text")


def test_every_service_can_be_created_read_changed_tested_and_given_a_card(talk):
    for service in CREATABLE:
        made = talk.created(service, connect_card_config={"redirect_uri": "https://vendor.example"})

        there = {"connectionId": made["id"]}
        read = talk.ask(GET, **there).json["data"]
        talk.ask(UPDATE, {"sync_frequency": 60}, **there)
        talk.ask(TEST, {}, **there)
        card = talk.ask(
            CARD, {"connect_card_config": {"redirect_uri": "https://v.example"}}, **there
        )
        assert read["schema"] == made["schema"]
        assert card.json["data"]["connect_card"]["uri"]


def test_every_service_takes_all_its_settings_and_shows_them_again(talk):
    for service in CREATABLE.values():
        settings = {field.name: sample(field) for field in service.fields}

        made = talk.created(
            service.id, config={**settings, **naming(service.id, "x_" + service.id)}
        )

        assert set(made["config"]) == set(settings) or service.id == "google_sheets"
        for field in service.fields:
            shown = "******" if field.secret and field.type == "string" else settings[field.name]
            assert made["config"][field.name] == shown, (service.id, field.name)


def test_every_connected_service_has_a_schema_and_columns(talk):
    without = []
    for service in CREATABLE:
        made = talk.created(service)
        talk.world.pass_setup(made["id"])
        there = {"connectionId": made["id"]}

        reloaded = talk.ask(RELOAD, {}, **there)

        if reloaded.status_code == 400:
            without.append(service)
            continue
        assert reloaded.status_code == 200
        shown = talk.ask(SCHEMAS, **there).json["data"]
        schema, tables = next(iter(shown["schemas"].items()))
        table = next(iter(tables["tables"]))
        columns = talk.ask(COLUMNS, schema=schema, table=table, **there)
        assert columns.status_code == 200, service
    assert len(without) <= MAGIC, without


def test_a_page_of_all_the_services_is_valid_at_every_time_of_a_day(talk):
    for number, service in enumerate(CREATABLE):
        made = talk.created(service)
        if number % 3:
            talk.world.pass_setup(made["id"])
        if number % 7 == 1:
            talk.world.break_connection(made["id"])

    for _ in range(12):
        talk.world.advance(7300)
        answer = send(talk.world, "GET", f"{LIST.path}?limit=1000")
        assert problems(LIST, answer.status_code, answer.json) == []
        assert len(answer.json["data"]["items"]) > 773
