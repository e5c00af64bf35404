"""An invalid value anywhere in a response of Fivetran does not affect the other values."""

import copy
import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.api.schemas import Connector as ConnectorShape
from pbf.api.schemas import ConnectorDetail, SetupTest
from pbf.api.schemas import Service as ServiceShape
from pbf.cache.entries import CachedList, fingerprint
from pbf.cache.serializer import ListSerializer
from pbf.components.connector_table import packed as packed_rows
from pbf.components.gallery import packed as packed_cards
from pbf.errors import BadAnswer
from pbf.fivetran.client import ApiClient
from pbf.fivetran.history import History
from pbf.fivetran.http.transport import Latest
from pbf.fivetran.models import Connector, Service
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.fivetran.parsing import decoded
from pbf.rules.health import changed_at, health, is_moving
from pbf.rules.list_lifetime import list_lifetime
from pbf.rules.parsed_schedule import in_words
from pbf.rules.schedule import choices, next_exactly, next_in_words
from pbf.rules.statistics import statistics
from pbf.ui.connector import detail
from pbf.ui.table_editor import TableEditor, columns, when_there_are_tables
from pbf.ui.view_models import card, category, row
from tests.properties.plan import planned

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TIMES = {"created_at": "2026-11-01T00:00:00Z", "succeeded_at": "2026-11-27T09:00:00.000001Z"}
TASK = {"code": "reconnect", "message": "Reconnect", "details": "The password has changed."}
TESTS = [{"title": "Signing in", "status": "FAILED", "message": "No", "details": {"a": [1]}}]


def connection(name: str, **status: Any) -> dict[str, Any]:
    state = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
    more = {"is_historical_sync": False, "rescheduled_for": None, "tasks": [], "warnings": []}
    return {
        "id": name,
        "group_id": "our_group",
        "service": "stripe",
        "schema": f"{name}.table",
        **TIMES,
        "failed_at": None,
        "paused": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "daily_sync_time": None,
        "status": {**state, **more, **status},
        "setup_tests": TESTS,
        "config": {"password": "******"},
    }


RESPONSES: dict[str, list[dict[str, Any]]] = {
    "connections": [
        connection("well"),
        connection("broken", setup_state="broken", tasks=[TASK], warnings=[TASK]),
        connection("waits", sync_state="rescheduled", rescheduled_for="2026-11-27T13:00:00Z"),
        connection("daily") | {"sync_frequency": 1440, "daily_sync_time": "06:00"},
        connection("begun", setup_state="incomplete") | {"succeeded_at": None},
    ],
    "connector-types": [
        {
            "id": "stripe",
            "name": "Stripe",
            "type": "Finance",
            "icon_url": "https://fivetran.example/a.svg",
            "icons": ["https://fivetran.example/a.svg"],
            "supported_features": [{"id": "RE_SYNC", "notes": ""}],
            "service_status": "beta",
        },
        {"id": "github", "name": "GitHub", "config": {"required": ["schema"]}},
    ],
    "sync-history": [
        {"sync_id": "a", "start": "2026-11-27T09:00:00Z", "end": "2026-11-27T09:01:00Z"},
        {"id": "b", "started_at": None, "status": "QUEUED", "volumes": {"extract": 5}},
        {"id": "c", "start_time": "2026-11-27T10:00:00Z", "status": "FAILED", "reason": "No"},
    ],
    "errors": [
        {"type": "reconnect", "title": "Reconnect", "reason": "No", "message": "No, since."},
        {"type": "sync_warning", "message": "Hm", "created_at": "2026-11-27T09:00:00Z"},
    ],
}
LOCK = {"allowed": False, "reason_code": "SYSTEM_TABLE", "reason": None}
TABLES = {"orders": {"enabled": True, "name_in_destination": "orders"}, "log": {"enabled": False}}
SCHEMAS = {
    "schema_change_handling": "ALLOW_ALL",
    "schemas": {
        "public": {"enabled": True, "tables": {**TABLES, "system": {"patch_settings": LOCK}}},
        "other": {"enabled": False, "name_in_destination": "other", "tables": TABLES},
    },
}
INVALID = some.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, 10**12, 10**400, math.nan, math.inf, -math.inf),
        *("", "5", "often", "NaN", "\0", "half\ud800", "\u202eback", "<b>", "x" * 20_000),
        *("9" * 5000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-14:00"),
        *("1969-12-31T23:59:59Z", "2026-11-27T05:00:00.123456789Z", "2026-11-27T05:00:00+0000"),
        *([], {}, [None], [[]], {"": None}, {"half\ud800": {}}, {"id": "stranger"}, 1764220000000),
    ]
) | some.recursive(
    some.none() | some.booleans() | some.floats() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


class FakeRequest:
    """A fake transport that returns stored responses by the last segment of the path."""

    def __init__(self, responses: dict[str, Any]) -> None:
        self._responses = responses
        self.timeout, self.latest = 1.0, Latest()

    def send(self, _method: str, path: str, **_: Any) -> dict[str, Any]:
        content = json.dumps({"data": self._responses[path.rpartition("/")[2]]})
        return decoded(content.encode())["data"]


def invalidate(draw: Any, inside: Any) -> None:
    """Replace a value at any depth by an invalid one, or remove it with its name."""
    while True:
        places = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        place = draw(some.sampled_from(places))
        below = inside[place]
        if not isinstance(below, dict | list) or not below or draw(some.booleans()):
            break
        inside = below
    if isinstance(inside, dict) and draw(some.integers(0, 5)) == 0:
        del inside[place]
        return
    inside[place] = copy.deepcopy(draw(INVALID))


def with_invalid_items(draw: Any, items: list[Any]) -> tuple[list[Any], set[int]]:
    """Return items, some of them invalid, and the indexes of these."""
    changed = json.loads(json.dumps(items))
    invalid = draw(some.sets(some.integers(0, len(items) - 2)))
    for number in invalid:
        for _ in range(draw(some.integers(1, 3))):
            item = changed[number]
            if isinstance(item, dict) and item and draw(some.integers(0, 9)):
                invalidate(draw, item)
            else:
                changed[number] = copy.deepcopy(draw(INVALID))
    again = draw(some.sampled_from(range(len(items))))
    return [*changed, changed[again]], invalid


def read(kind: str, items: list[Any]) -> list[Any]:
    client = ApiClient(FakeRequest({kind: {"items": items}}))  # type: ignore[arg-type]
    return list(
        {
            "connections": lambda: client.get_list_of_connectors_in_group("our_group"),
            "connector-types": client.get_metadata,
            "sync-history": lambda: client.get_sync_history("one", since=NOW, until=NOW),
            "errors": lambda: client.get_errors("one"),
        }[kind]()
    )


@planned("lists with invalid items")
@given(draws=some.data(), kind=some.sampled_from(sorted(RESPONSES)))
def test_an_invalid_item_does_not_affect_others(draws: Any, kind: str):
    items, invalid = with_invalid_items(draws.draw, RESPONSES[kind])

    parsed = read(kind, items)

    valid = [item for number, item in enumerate(RESPONSES[kind]) if number not in invalid]
    assert [item for item in read(kind, valid) if item not in parsed] == []
    render(kind, parsed)


def render(kind: str, items: list[Any]) -> None:
    """Render everything that the product makes from a list."""
    if kind == "connections":
        render_connectors(items)
    elif kind == "connector-types":
        packed_cards([card(service, 1) for service in items])
        assert ListSerializer(Service).dumps(CachedList(tuple(items), fingerprint(items), 0.0))
        for service in items:
            ServiceShape.model_validate(service).model_dump_json()
    elif kind == "sync-history":
        detail.syncs(History(items=tuple(items))).encode()
    else:
        detail.errors(History(items=tuple(items))).encode()


def render_connectors(connectors: list[Connector]) -> None:
    rows = [row(connector, None, NOW) for connector in connectors]
    packed_rows(rows)
    words = {shown["id"]: shown["status"] for shown in rows}
    stripe = Service(id="stripe")
    drawn = statistics(connectors, words=words, categories={"stripe": category(stripe)}, now=NOW)
    json.dumps([asdict(statistic) for statistic in drawn], allow_nan=False).encode()
    assert ListSerializer(Connector).dumps(
        CachedList(tuple(connectors), fingerprint(connectors), 0.0)
    )
    assert is_moving(connectors, NOW) in (True, False)
    assert 0 < list_lifetime(connectors, NOW.timestamp(), page=LARGEST_PAGE) <= 60
    for connector in connectors:
        texts = [
            in_words(connector),
            next_in_words(connector, NOW),
            next_exactly(connector, NOW),
            str(changed_at(connector)),
        ]
        texts += [
            detail.head(connector, stripe, health(connector, NOW)),
            detail.notes(connector),
        ]
        texts += [
            detail.facts(connector, stripe, NOW),
            *detail.arrange(connector, None)[1],
        ]
        texts += choices(connector).values()
        "".join(texts).encode()
        ConnectorShape.model_validate(connector).model_dump_json()
        ConnectorDetail.of(connector, NOW).model_dump_json()
        for result in connector.setup_tests:
            SetupTest.model_validate(result).model_dump_json()


@planned("schemas with invalid tables")
@given(draws=some.data())
def test_an_invalid_table_or_schema_does_not_affect_others(draws: Any):
    response = json.loads(json.dumps(SCHEMAS))
    for _ in range(draws.draw(some.integers(1, 3))):
        invalidate(draws.draw, response["schemas"] or response)
    response["schemas"]["untouched"] = {"tables": TABLES}
    client = ApiClient(FakeRequest({"schemas": response}))  # type: ignore[arg-type]

    config = client.get_schemas("one")

    assert list(config.schemas["untouched"].tables) == list(TABLES)
    editor = TableEditor("one")
    editor.take(config, 0.0)
    editor.search("o")
    editor.switch(True)
    json.dumps([columns(editor.shown), editor.count, editor.unread, editor.ticks]).encode()
    assert all(schema in response["schemas"] for schema, _ in editor.request)
    connector = Connector.model_validate(RESPONSES["connections"][0])
    assert when_there_are_tables(connector, read=True, now=NOW)


@pytest.mark.parametrize("items", [None, {}, "text", 5])
def test_a_response_without_a_list_raises_bad_answer(items: Any):
    with pytest.raises(BadAnswer):
        read("connections", items)
