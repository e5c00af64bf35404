"""What the job of webhooks does to cached lists."""

import json

from pbf.runtime import Runtime
from pbf.runtime.webhooks import ListRefresh, webhook_job
from tests.support.webhook_events import fresh, signed


def test_a_list_is_dropped_at_once_and_then_not_too_often():
    dropped, now, patience = [], 0.0, 3.0
    lists = ListRefresh(dropped.append, lambda: patience, clock=lambda: now)

    lists.request("a")
    first = lists.run()
    lists.request("a")
    lists.request("b")
    waits = lists.run()
    early = list(dropped)
    now = 3.0
    late = lists.run()

    assert (first, waits, late) == (None, 3.0, None)
    assert (early, dropped) == (["a", "b"], ["a", "b", "a"])


def test_a_change_at_fivetran_shows_as_soon_as_its_webhook_is_worked_off(
    demo: Runtime, monkeypatch
):
    world = demo.sandbox.world
    connector = next(item for item in demo.portal.connectors().items if item.is_set_up)
    moved = []
    monkeypatch.setattr(demo.store.last_seen, "mark_moved", lambda *told: moved.append(told))
    job = webhook_job(demo)
    world.break_connection(connector.id)
    cached = demo.portal.connector(connector.id)
    event = json.loads(fresh("connection_failure", connector_id=connector.id))
    group_id = demo.portal.tenant.group_id
    body = json.dumps(event | {"destination_group_id": group_id}).encode()

    demo.inbox.receive(body, signed(body, demo.inbox.secret))
    job()

    assert not cached.is_broken
    assert demo.portal.connector(connector.id).is_broken
    assert moved == [(group_id, {connector.id})]
