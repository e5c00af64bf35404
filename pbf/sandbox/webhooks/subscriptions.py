"""Webhooks: who wants to hear of which events of the world."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.lifecycle import RECONNECT
from pbf.sandbox.core.records import Connection, Webhook
from pbf.sandbox.core.validation import required
from pbf.sandbox.resources import sync_history
from pbf.sandbox.webhooks import events
from pbf.sandbox.webhooks.deliveries import Attempt, Deliveries, Sent, is_loopback
from pbf.sandbox.webhooks.events import EVENTS, SYNC_EVENTS, Event

if TYPE_CHECKING:
    from pbf.sandbox.core.world import World

KINDS: Mapping[str, type] = {"url": str, "events": list, "active": bool, "secret": str}

# Fields of an update that change nothing, or that another event tells of.
UNTOLD = {"paused", "run_setup_tests", "trust_certificates", "trust_fingerprints"}


class Webhooks:
    """A world's webhooks and what waits to be delivered to them."""

    def __init__(self, world: "World") -> None:
        """Start without webhooks."""
        self.world = world
        self.hooks: dict[str, Webhook] = {}
        self.deliveries = Deliveries(world, self.hooks, self.pump)
        self._looked = 0.0

    def forget(self) -> None:
        """Forget every webhook and every delivery."""
        with self.world.lock:
            self.hooks.clear()
            self.deliveries.forget()
            self._looked = self.world.clock()

    def snapshot(self) -> dict[str, Any]:
        """Return the webhooks, and the deliveries that wait."""
        return {"hooks": self.hooks, "waiting": self.deliveries.waiting}

    def find(self, webhook_id: str) -> Webhook:
        """Return one webhook."""
        if webhook_id not in self.hooks:
            raise NotFound.of("Webhook", webhook_id)
        return self.hooks[webhook_id]

    def create(self, body: Mapping[str, Any], *, group_id: str | None = None) -> Webhook:
        """Create a webhook; an active one must answer a test."""
        required(body, "url")
        if body.get("events") is None:
            raise InvalidInput("Field 'events' is required")
        given, world = _checked(body), self.world
        with world.lock:
            webhook_id = world.ids.make(self.hooks)
            hook = Webhook(webhook_id, group_id, world.clock(), world.owner_id, **given)
        self._refuse_mute(hook)
        with world.lock:
            self._gather()
            self.hooks[hook.id] = hook
        return hook

    def update(self, hook: Webhook, body: Mapping[str, Any]) -> None:
        """Change a webhook; one that changes its address or becomes active must answer a test."""
        given = _checked(body)
        if given.keys() & {"url", "active"} or body.get("run_tests"):
            self._refuse_mute(replace(hook, **given))
        with self.world.lock:
            self._gather()
            for name, value in given.items():
                setattr(hook, name, value)

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook."""
        with self.world.lock:
            del self.hooks[self.find(webhook_id).id]

    def test(self, hook: Webhook, event: str) -> Sent:
        """Send an event of a connection that does not exist, and return what came of it."""
        if event not in EVENTS:
            raise InvalidInput(f"Invalid 'event' value '{event}'")
        body = events.dummy(event, self.world.clock(), hook.group_id).body()
        return self.deliveries.send(hook, body)

    def _refuse_mute(self, hook: Webhook) -> None:
        if hook.active:
            sent = self.test(hook, hook.events[0])
            if not sent.succeeded:
                raise InvalidInput(f"The webhook URL did not pass the test: {sent.message}")

    def note(self, name: str, connection: Connection, **data: Any) -> None:
        """Take down that something was done to a connection just now."""
        with self.world.lock:
            if not self.hooks:
                return
            if name == "delete_connector":
                self._gather()
            told = {"actor": self.world.owner_id, "id": connection.id, **data}
            self._queue(events.of(connection, name, self.world.clock(), told, start=None))

    def note_setup(self, connection: Connection, *, passed: bool) -> None:
        """Take down how a connection's setup tests ended."""
        self.note("connection_successful" if passed else "connection_failure", connection)

    def note_change(self, connection: Connection, given: Mapping[str, Any]) -> None:
        """Take down what is about to be changed of a connection."""
        if given.get("paused", connection.paused) != connection.paused:
            self.note("pause_connector" if given["paused"] else "resume_connector", connection)
        changed = sorted(given.keys() - UNTOLD)
        if changed:
            self.note("edit_connector", connection, properties=changed)

    def note_resync(self, connection: Connection, scope: Mapping[str, Sequence[str]]) -> None:
        """Take down that all of a connection's data, or some tables, are read again."""
        for schema, tables in scope.items():
            for table in tables:
                self.note("resync_table", connection, schema=schema, table=table)
        if not scope:
            self.note("resync_connector", connection)

    def pump(self) -> list[Attempt]:
        """Deliver what is due by the clock, and return the attempts that were made."""
        with self.world.lock:
            self._gather()
        return self.deliveries.pump()

    def _queue(self, event: Event) -> None:
        for hook in self.hooks.values():
            if hook.wants(event.name, event.group_id):
                self.deliveries.add(hook.id, event.body(), event.at)

    def _gather(self) -> None:
        """Take down the syncs that started or ended since the last look."""
        since, until = self._looked, self.world.clock()
        self._looked = until
        if any(hook.active and SYNC_EVENTS & set(hook.events) for hook in self.hooks.values()):
            for event in sorted(self._syncs(since, until), key=lambda each: each.at):
                self._queue(event)

    def _syncs(self, since: float, until: float) -> Iterator[Event]:
        for connection in self.world.connections.values():
            for sync in sync_history.history(connection, since=since, until=until, now=until):
                if since < sync.start:
                    yield events.of(connection, "sync_start", sync.start, {}, start=sync.start)
                if sync.end is not None and since < sync.end:
                    told = _outcome(sync)
                    yield events.of(connection, "sync_end", sync.end, told, start=sync.start)


def _outcome(sync: sync_history.Sync) -> dict[str, str]:
    told = {"status": sync.status}
    if sync.reason:
        told["reason"] = sync.reason
    if sync.status == "FAILURE_WITH_TASK":
        told["taskType"] = RECONNECT["code"]
    return told


def _checked(body: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: body[name] for name in KINDS if body.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, KINDS[name]):
            raise InvalidInput(f"Invalid '{name}' value")
    if "url" in given:
        _refuse_url(given["url"])
    if "events" in given and not given["events"]:
        raise InvalidInput("Field 'events' is required")
    for event in given.get("events", ()):
        if event not in EVENTS:
            raise InvalidInput(f"Invalid 'events' value '{event}'")
    return given


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
