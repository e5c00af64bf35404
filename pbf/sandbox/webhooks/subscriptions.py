"""Webhooks: which URL receives which events of the world."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.lifecycle import RECONNECT
from pbf.sandbox.core.records import Connection, Webhook
from pbf.sandbox.core.validation import checked_fields, required
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import sync_history
from pbf.sandbox.webhooks.deliveries import Attempt, Deliveries, Result, is_loopback
from pbf.sandbox.webhooks.events import EVENTS, SYNC_EVENTS, Event, dummy, probe

OWN_ID = "own_dashboard"
KINDS: Mapping[str, type] = {"url": str, "events": list, "active": bool, "secret": str}


class Webhooks:
    """A world's webhooks and their queue of deliveries."""

    def __init__(self, world: World) -> None:
        """Start without webhooks."""
        self.world = world
        self.hooks: dict[str, Webhook] = {}
        self.deliveries = Deliveries(world, self.hooks, self.pump)
        self._collected_until = 0.0
        self._kept: Webhook | None = None

    def clear(self) -> None:
        """Remove every webhook and every queued delivery."""
        with self.world.lock:
            self.hooks.clear()
            self.skip()
            if self._kept:
                self.hooks[OWN_ID] = self._kept

    def skip(self) -> None:
        """Send nothing of what happened until now."""
        with self.world.lock:
            self.deliveries.clear()
            self._collected_until = self.world.clock()

    def keep(self, url: str, *, events: Sequence[str], secret: str) -> None:
        """Send events to the program that this sandbox is part of, untested, also after a reset."""
        world = self.world
        with world.lock:
            self._kept = hook = Webhook(OWN_ID, None, world.clock(), world.owner_id)
            hook.url, hook.events, hook.secret = url, list(events), secret
            self._collect_syncs()
            self.hooks[OWN_ID] = hook

    def snapshot(self) -> dict[str, Any]:
        """Return the webhooks and the queued deliveries."""
        return {"hooks": self.hooks, "queue": self.deliveries.queue}

    def saved(self) -> tuple[dict[str, Webhook], Any, float]:
        """Return the webhooks, the queue and the time of the latest events, for `restore`."""
        return self.hooks, self.deliveries.saved(), self._collected_until

    def restore(self, saved: tuple[dict[str, Webhook], Any, float]) -> None:
        """Replace the webhooks and the queue; the one of `keep` keeps its present URL."""
        hooks, queue, self._collected_until = saved
        self.hooks.clear()
        self.hooks.update(hooks)
        self.deliveries.restore(queue)
        if self._kept:
            self._kept.active = OWN_ID not in hooks or hooks[OWN_ID].active
            self.hooks[OWN_ID] = self._kept

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook."""
        if webhook_id not in self.hooks:
            raise NotFound.of("Webhook", webhook_id)
        return self.hooks[webhook_id]

    def create(self, body: Mapping[str, Any], *, group_id: str | None = None) -> Webhook:
        """Create a webhook; if it is active, it must pass a test."""
        required(body, "url")
        if body.get("events") is None:
            raise InvalidInput("Field 'events' is required")
        fields, world = _checked(body), self.world
        with world.lock:
            webhook_id = world.ids.make(self.hooks)
            hook = Webhook(webhook_id, group_id, world.clock(), world.owner_id, **fields)
        self._refuse_failing(hook)
        with world.lock:
            self._collect_syncs()
            self.hooks[hook.id] = hook
        return hook

    def update(self, hook: Webhook, body: Mapping[str, Any]) -> None:
        """Update a webhook; an active one must pass a test if its URL or state changes."""
        fields = _checked(body)
        if fields.keys() & {"url", "active"} or body.get("run_tests"):
            self._refuse_failing(replace(hook, **fields))
        with self.world.lock:
            self._collect_syncs()
            for name, value in fields.items():
                setattr(hook, name, value)

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook."""
        with self.world.lock:
            del self.hooks[self.get(webhook_id).id]

    def test(self, hook: Webhook, event: str) -> Result:
        """Send an event of a connection that does not exist, and return the result."""
        if event not in EVENTS:
            raise InvalidInput(f"Invalid 'event' value '{event}'")
        body = dummy(event, self.world.clock(), hook.group_id).body()
        return self.deliveries.send(hook, body)

    def _refuse_failing(self, hook: Webhook) -> None:
        if hook.active:
            body = probe(self.world.clock())
            is_signed = self.world.assumptions.webhook_probe_is_signed
            sent = hook if is_signed else replace(hook, secret="")
            result = self.deliveries.send(sent, body)
            if not result.succeeded:
                raise InvalidInput(f"The webhook URL did not pass the test: {result.message}")

    def record(self, name: str, connection: Connection, **data: Any) -> None:
        """Record an event of a connection at the present time."""
        with self.world.lock:
            if not self.hooks:
                return
            if name == "delete_connector":
                self._collect_syncs()
            payload = {"actor": self.world.owner_id, "id": connection.id, **data}
            now = self.world.clock()
            self._queue(Event(name, now, connection, payload))

    def pump(self) -> list[Attempt]:
        """Deliver what is due by the clock, and return the attempts."""
        with self.world.lock:
            self._collect_syncs()
        return self.deliveries.pump()

    def _queue(self, event: Event) -> None:
        for hook in self.hooks.values():
            if hook.subscribes_to(event.name, event.connection.group_id):
                self.deliveries.add(hook.id, event.body(), event.at)

    def _collect_syncs(self) -> None:
        """Queue events of the syncs that started or ended since the last call."""
        since, until = self._collected_until, self.world.clock()
        self._collected_until = until
        if any(hook.active and SYNC_EVENTS & set(hook.events) for hook in self.hooks.values()):
            for event in sorted(self._sync_events(since, until), key=lambda event: event.at):
                self._queue(event)

    def _sync_events(self, since: float, until: float) -> Iterator[Event]:
        for connection in self.world.connections.values():
            for sync in sync_history.history(connection, since=since, until=until, now=until):
                if since < sync.start:
                    yield Event("sync_start", sync.start, connection, {}, sync.start)
                if sync.end is not None and since < sync.end:
                    yield Event("sync_end", sync.end, connection, _outcome(sync), sync.start)


def _outcome(sync: sync_history.Sync) -> dict[str, str]:
    outcome = {"status": sync.status}
    if sync.reason:
        outcome["reason"] = sync.reason
    if sync.status == "FAILURE_WITH_TASK":
        outcome["taskType"] = RECONNECT["code"]
    return outcome


def _checked(body: Mapping[str, Any]) -> dict[str, Any]:
    fields = checked_fields({name: body.get(name) for name in KINDS}, KINDS)
    if "url" in fields:
        _refuse_url(fields["url"])
    if "events" in fields and not fields["events"]:
        raise InvalidInput("Field 'events' is required")
    for event in fields.get("events", ()):
        if event not in EVENTS:
            raise InvalidInput(f"Invalid 'events' value '{event}'")
    return fields


def _refuse_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidInput("Invalid 'url' value") from error
    if not host or not url.isascii() or parts.scheme not in ("http", "https"):
        raise InvalidInput("Invalid 'url' value")
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidInput("The 'url' must be secure: it must start with 'https'")
