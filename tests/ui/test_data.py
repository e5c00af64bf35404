import gc
import gzip
import json
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses

from pbf import runtime as runtimes
from pbf.cache.entries import FAILURE_LIFETIME
from pbf.connectors.portal import MOST_PASTS
from pbf.errors import Unauthorized
from pbf.fivetran.client import ApiClient
from pbf.fivetran.history import History
from pbf.fivetran.models import Connector
from pbf.ui import data, view_models
from tests.support.accounts import ACCOUNT, API


@pytest.fixture
def api(api: responses.RequestsMock) -> Iterator[responses.RequestsMock]:
    """Fivetran's API, with the product on it in place for the pages."""
    started = runtimes.start(ACCOUNT)
    runtimes.use(started)
    yield api
    started.close()


def fill(api: responses.RequestsMock, services: list[dict], connectors: list[dict]) -> None:
    api.get(f"{API}/v1/metadata/connector-types", json={"data": {"items": services}})
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": connectors}})


def connector(name: str, **fields: object) -> dict:
    status = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
    return {
        "id": name,
        "service": "stripe",
        "schema": name,
        "status": {**status, **fields.pop("status", {})},
        **fields,
    }


def test_cards_count_the_connectors_one_has(api):
    fill(api, [{"id": "stripe"}, {"id": "slack"}], [connector("a"), connector("b")])

    cards, _ = data.gallery()

    shown = json.loads(gzip.decompress(cards))["cards"]
    own = {card[0]: extra["yours"] for card in shown for extra in card[6:] if "yours" in extra}
    assert own == {"stripe": 2}
    assert len(shown) == 2


def test_a_row_tells_the_status_and_the_one_next_step(api):
    fill(
        api,
        [{"id": "stripe", "name": "Stripe"}],
        [connector("a", status={"setup_state": "incomplete"})],
    )

    row = data.rows()[0][0]

    assert (row["name"], row["service_name"]) == ("a", "Stripe")
    assert (row["status"], row["tone"]) == ("Not finished", "attention")
    assert row["next_action"] == {"id": "finish", "label": "Finish set-up"}
    assert [action["id"] for action in row["also"]] == ["link", "discard"]
    assert (row["last"], row["marked"]) == (None, False)


def test_the_one_who_came_back_stands_first_then_the_urgent(api):
    broken = {"setup_state": "broken", "tasks": [{"code": "reconnect", "message": "Expired"}]}
    fill(
        api,
        [{"id": "stripe"}],
        [
            connector("fine", succeeded_at="2026-11-23T12:00:00Z"),
            connector("broken", status=broken),
            connector("back", succeeded_at="2026-11-23T12:00:00Z"),
        ],
    )

    rows, version = data.rows("back")

    assert [(row["id"], row["marked"]) for row in rows] == [
        ("back", True),
        ("broken", False),
        ("fine", False),
    ]
    assert version != data.rows()[1]


def test_a_connector_of_a_service_that_left_the_catalogue_is_shown_by_its_id(api):
    fill(api, [], [connector("a", service="retired")])

    row = data.rows()[0][0]

    assert (row["service_name"], row["icon"], row["docs"]) == ("retired", "", "")


def test_the_summary_counts_and_puts_the_latest_change_first(api):
    fill(
        api,
        [{"id": "stripe"}],
        [
            connector("old", succeeded_at="2026-11-01T12:00:00Z"),
            connector("new", succeeded_at="2026-11-23T12:00:00Z"),
            connector("silent"),
            connector("first", status={"sync_state": "syncing"}),
            connector("open", status={"setup_state": "incomplete"}),
        ],
    )

    summary = data.summary()

    assert (summary.total, summary.syncing) == (5, 1)
    assert [row["id"] for row in summary.urgent] == ["open"]
    assert [row["id"] for row in summary.changed] == ["new", "old"]
    assert datetime.fromisoformat(summary.changed[0]["changed"]).tzinfo is not None


def test_what_is_derived_follows_a_change_at_once(runtime, sandbox):
    before, version = data.rows()
    paused = next(row for row in before if row["status"] == "Paused")

    runtime.portal.operations.resume(paused["id"])
    after, newer = data.rows()

    assert version != newer
    assert next(row for row in after if row["id"] == paused["id"])["status"] != "Paused"
    assert data.summary().total == len(before)


def test_what_is_derived_is_made_once_for_one_answer(runtime):
    first, version = data.gallery()

    second, same = data.gallery()

    assert (first, version) == (second, same)


def test_two_tenants_of_one_process_do_not_see_each_others_rows(runtime, sandbox, settings):
    own, _ = data.rows()
    group = sandbox.world.add_group("Other")
    sandbox.world.add_connections(1, group_id=group.id)
    started = runtimes.start(replace(settings, group_id=group.id))
    runtimes.use(started)

    theirs, _ = data.rows()

    assert len(theirs) == 1
    assert not {row["id"] for row in own} & {row["id"] for row in theirs}
    started.close()


def test_a_failure_is_raised_and_not_kept(api):
    api.get(f"{API}/v1/metadata/connector-types", status=401, json={})

    for _ in range(2):
        with pytest.raises(Unauthorized):
            data.gallery()


def let_pass(portal, monkeypatch, seconds: float) -> None:
    """Let time pass for what is kept of connectors' pasts."""
    now = portal._pasts._clock
    monkeypatch.setattr(portal._pasts, "_clock", lambda: now() + seconds)


def settle(portal) -> None:
    """Wait until no past is asked for behind the scenes."""
    assert not wait(list(portal._pasts._requests.values()), 20).not_done


def test_a_past_that_could_not_be_read_is_asked_for_again(runtime, sandbox, monkeypatch):
    connector = next(
        connector for connector in data.connectors().items if connector.schema_name == "webshop"
    )
    sandbox.world.control.add_fault("500", path="/v1/connections/*/sync-history", times=3)

    failed, at_once = data.history(connector), data.history(connector)
    let_pass(runtime.portal, monkeypatch, FAILURE_LIFETIME)
    data.history(connector)  # asks, and waits for nothing
    settle(runtime.portal)
    later = data.history(connector)

    assert failed == at_once == History(missing=data.UNREAD)
    assert len(later.items) > 0


def test_nobody_waits_long_for_a_past(runtime, monkeypatch):
    connector = next(
        connector for connector in data.connectors().items if connector.schema_name == "webshop"
    )
    answers = threading.Event()
    get_sync_history = runtime.client.get_sync_history

    def slowly(_client, *given, **options):
        assert answers.wait(20)
        return get_sync_history(*given, **options)

    monkeypatch.setattr(ApiClient, "get_sync_history", slowly)
    monkeypatch.setattr("pbf.connectors.portal.PAST_PATIENCE", 0.05)
    slow = data.history(connector)
    answers.set()
    settle(runtime.portal)

    assert slow == History(missing=data.UNREAD)
    assert len(data.history(connector).items) > 0


def test_the_pasts_of_many_connectors_do_not_fill_the_memory(runtime):
    for number in range(MOST_PASTS + 10):
        runtime.portal.past(f"history:{number}", History)

    assert len(runtime.portal._pasts._entries) == MOST_PASTS


def test_rows_of_former_minutes_do_not_fill_the_memory(runtime, monkeypatch):
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(data, "utc_now", lambda: clock[0])
    tables, original = [], view_models.row

    def row(connector, service, now, **options):
        return {**original(connector, service, now, **options), "reason": str(now)}

    monkeypatch.setattr(view_models, "row", row)
    for _ in range(10):
        clock[0] += timedelta(minutes=1)
        tables.append(weakref.ref(data.table()))
        data.summary()
    gc.collect()

    assert sum(table() is not None for table in tables) <= 3


def test_every_visitor_gets_the_same_rows_and_no_copy(runtime):
    assert data.rows()[0] is data.rows()[0]
    assert data.summary() is data.summary()
    assert data.gallery()[0] is data.gallery()[0]


def test_ids_in_an_address_that_do_not_exist_make_no_rows_of_their_own(runtime):
    own = data.rows()

    assert all(data.rows(f"stranger {number}")[0] is own[0] for number in range(5))
    assert data.table("stranger") is data.table()


def test_nobody_waits_for_a_past_while_fivetran_is_away(runtime, sandbox, monkeypatch):
    connector = next(
        connector for connector in data.connectors().items if connector.schema_name == "webshop"
    )
    history = data.history(connector)
    sandbox.stop()
    runtime.portal._list.forget()
    monkeypatch.setattr(ApiClient, "get_errors", lambda *_: pytest.fail("it was asked for"))

    assert data.connectors().problem is not None
    assert data.errors(connector) == History(missing=data.UNREAD)
    assert data.history(connector) == history
    assert len(history.items) > 0


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        pytest.param({"json": {"data": {"items": []}}}, 1, id="it-was-told"),
        pytest.param({"status": 429, "json": {}}, 2, id="it-failed"),
    ],
)
def test_the_past_of_a_connector_at_rest_is_asked_for_again_only_if_that_failed(
    api, monkeypatch, reply, asked
):
    items = [connector("a")]
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": items}})
    past = api.get(f"{API}/v1/connections/a/sync-history", **reply)
    at_rest = Connector.model_validate(connector("a"))

    first = data.history(at_rest)
    assert data.history(at_rest) == first
    let_pass(runtimes.runtime().portal, monkeypatch, FAILURE_LIFETIME)
    assert data.history(at_rest) == first
    settle(runtimes.runtime().portal)

    assert first.items == ()

    assert len(past.calls) == asked
