"""Answers such as real accounts give, two of each kind, on every screen and route."""

from typing import Any

import pytest
import responses

from pbf import runtime as runtimes
from pbf.proxy import create_app
from tests.pages.conftest import API, CONNECTORS, SERVICES
from tests.pages.reading import everything, html

CATALOGUE = [
    {"id": "stripe", "name": "Stripe", "supported_features": [{"id": "API_CONFIGURABLE"}]},
    {"id": "postgres", "name": "PostgreSQL", "type": "Database", "supported_features": None},
]
MARKUP = "Refused `by` *them* $5$ :red[x] [a](https://a.example) <b>bold</b> \u202edrawkcab\nline"
CARD = {"connect_card": {"token": "t", "uri": "https://fivetran.example/connect-card/setup?auth=t"}}


def connector(name: str, status: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    state = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
    return {
        "id": name,
        "service": "stripe",
        "schema": name,
        "group_id": "our_group",
        "paused": False,
        "sync_frequency": 60,
        "schedule_type": "auto",
        "created_at": "2026-11-01T00:00:00Z",
        "succeeded_at": "2026-11-02T00:00:00Z",
        "failed_at": None,
        "status": {**state, "tasks": [], "warnings": [], **(status or {})},
        **changes,
    }


def break_of(code: str, **more: Any) -> dict[str, Any]:
    return {"setup_state": "broken", "tasks": [{"code": code, "message": "Broken", **more}]}


CASES: dict[str, list[dict[str, Any]]] = {
    "schedules": [
        connector(
            "harbour", schedule={"schedule_type": "CRON", "cron": "5 4 * * 0"}, sync_frequency=None
        ),
        connector(
            "lantern", schedule={"schedule_type": "LUNAR", "interval": 10**12, "days_of_week": 7}
        ),
    ],
    "daily-times": [
        connector("meadow", daily_sync_time="25:99", sync_frequency=1440),
        connector("pebble", daily_sync_time=2, sync_frequency="1440"),
    ],
    "breaks": [
        connector("orchard", break_of("made_up_yesterday", details={"why": [1, 2]})),
        connector("thistle", break_of("reconnect", details=None) | {"warnings": [None, 5, {}]}),
    ],
    "tables": [
        connector("schema_numbers", service="postgres"),
        connector("schema_nulls", service="postgres"),
    ],
    "times": [
        connector("sundial", succeeded_at="0001-01-01T00:00:00Z", failed_at="9999-12-31T23:59:59Z"),
        connector(
            "anchor", succeeded_at=1764220000, created_at="2026-11-01T02:00:00+02:00[Europe/Kyiv]"
        ),
    ],
    "names": [
        connector("willow", schema="n" * 300),
        connector("copper", schema="half\ud800 \u202egnikcab $x$ *y*"),
    ],
    "all-well": [connector("fern"), connector("moss", {"sync_state": "syncing"})],
    "error-texts": [
        connector("granite", break_of("weird", details=MARKUP)),
        connector("walnut", {"warnings": [{"code": "w", "message": MARKUP}]}),
    ],
    "wrong-types": [
        connector("saddle", paused="yes", setup_tests={"title": 5}) | {"status": ["list"]},
        connector("bobbin", service=None, schema=7, sync_frequency=-10, group_id=[]),
        {"id": None},
        connector("saddle"),
    ],
}
TABLES: dict[str, Any] = {
    "schema_numbers": {
        "schema_change_handling": 5,
        "schemas": {"Sales 2027": {"enabled": "true", "tables": {"=A1": {"enabled": 1}, "b": 7}}},
    },
    "schema_nulls": {
        "schemas": {"": {"tables": {"": {}}}, "gone": None, "x" * 300: {"tables": []}}
    },
}
SYNCS = [{"id": "1", "start": None}, {"started_at": "2026-11-02T00:00:00Z", "result": MARKUP}, []]
ERRORS = [{"type": "t", "message": MARKUP, "created_at": 5}, None]


@pytest.fixture(params=[pytest.param(items, id=kind) for kind, items in CASES.items()])
def ids(request: pytest.FixtureRequest, fivetran: responses.RequestsMock) -> list[str]:
    """The ids of the connectors of an account."""
    fivetran.get(SERVICES, json={"data": {"items": [*CATALOGUE, CATALOGUE[0]]}})
    fivetran.get(CONNECTORS, json={"data": {"items": request.param}})
    items = {item["id"]: item for item in reversed(request.param) if item["id"]}
    for name, item in items.items():
        url = f"{API}/v1/connections/{name}"
        fivetran.get(f"{url}/sync-history", json={"data": {"items": SYNCS}})
        fivetran.get(f"{url}/errors", json={"data": {"items": ERRORS}})
        fivetran.get(f"{url}/schemas", json={"data": TABLES.get(name, {"schemas": None})})
        fivetran.post(f"{url}/connect-card", json={"data": CARD})
        fivetran.get(url, json={"data": item})
        fivetran.patch(url, json={"data": {**item, "paused": True}})
    return list(items)


def test_every_screen_shows_them(ids: list[str], visit):
    places = [("overview", {}), ("connectors", {}), ("services", {})]
    places += [(page, {"id": name}) for name in ids for page in ("connector", "tables")]

    for page, query in places:
        app = visit(page, **query)

        assert not app.exception, (page, query)
        assert not app.error, (page, query)
        everything(app).encode()
        if page == "connector":
            assert "Queued" in html(app)


def test_every_route_answers_with_them(ids: list[str]):
    client = create_app(runtimes.runtime).test_client()

    listed = client.get("/_/connectors")
    assert sorted(item["id"] for item in listed.json) == sorted(ids)
    assert len(client.get("/_/services").json) == len(CATALOGUE)
    for name in ids:
        path = f"/_/connectors/{name}"
        answers = [client.get(path), client.get(f"{path}/form")]
        answers.append(client.patch(path, json={"paused": True}))
        assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
        assert answers[0].json["id"] == name
