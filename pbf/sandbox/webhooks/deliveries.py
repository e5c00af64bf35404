"""The deliveries of webhooks: signing, sending, retrying, giving up."""

import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Event as Flag
from threading import Lock, Thread
from urllib.parse import SplitResult, urlsplit

from pbf.sandbox.core.records import Webhook
from pbf.sandbox.core.world import World

SIGNATURE = "X-Fivetran-Signature-256"
PACE = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one attempt: the status of the response, 0 if there was none."""

    status: int
    message: str

    @property
    def succeeded(self) -> bool:
        """Whether the receiver answered with a 2xx."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """One event that waits to be sent to one webhook."""

    webhook_id: str
    body: bytes
    since: float
    due: float
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver."""

    webhook_id: str
    body: bytes
    result: Result


def signature(secret: str, body: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256 in hexadecimal digits without a prefix."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Return whether a host name means this machine, without looking it up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


MOST_WAITING = 10_000
"""How many deliveries wait at most; the oldest is dropped first."""


class Deliveries:
    """The queue of deliveries and the thread that sends them."""

    def __init__(
        self, world: World, hooks: Mapping[str, Webhook], pump: Callable[[], object]
    ) -> None:
        """Start with an empty queue and no thread; the thread calls `pump` to send what is due.

        Only URLs on this machine are called unless `anywhere` is set.
        """
        self._world = world
        self._hooks = hooks
        self._pump = pump
        self.anywhere = False
        self.queue: dict[int, Delivery] = {}
        self._count = 0
        self._pumping = Lock()
        self._stop: Flag | None = None

    def clear(self) -> None:
        """Empty the queue."""
        self.queue.clear()
        self._count = 0

    def saved(self) -> tuple[int, dict[int, Delivery]]:
        """Return the queue, for `restore`."""
        return self._count, self.queue

    def restore(self, saved: tuple[int, dict[int, Delivery]]) -> None:
        """Replace the queue."""
        self._count, self.queue = saved

    def add(self, webhook_id: str, body: bytes, at: float) -> None:
        """Queue an event of a time for a webhook."""
        self._count += 1
        self.queue[self._count] = Delivery(webhook_id, body, at, at)
        while len(self.queue) > MOST_WAITING:
            del self.queue[next(iter(self.queue))]

    def pump(self) -> list[Attempt]:
        """Send what is due; a webhook that fails is skipped until the next call."""
        attempts: list[Attempt] = []
        failed: set[str] = set()
        with self._pumping:
            for number, delivery, hook in self._due():
                if hook.id in failed:
                    continue
                result = self.send(hook, delivery.body)
                attempts.append(Attempt(hook.id, delivery.body, result))
                if not result.succeeded:
                    failed.add(hook.id)
                self._settle(number, delivery, hook, result)
        return attempts

    def _due(self) -> list[tuple[int, Delivery, Webhook]]:
        """Return what is due, and drop what belongs to a deleted or inactive webhook."""
        world = self._world
        with world.lock:
            now, due = world.clock(), []
            for number, delivery in list(self.queue.items()):
                hook = self._hooks.get(delivery.webhook_id)
                if hook is None or not hook.active:
                    del self.queue[number]
                elif delivery.due <= now:
                    due.append((number, delivery, hook))
            return due

    def _settle(self, number: int, delivery: Delivery, hook: Webhook, result: Result) -> None:
        """Drop a delivery that succeeded; otherwise wait longer, or disable the webhook."""
        world = self._world
        with world.lock:
            now = world.clock()
            if self.queue.get(number) is not delivery:
                return  # the world was reset or restored during the attempt
            if result.succeeded:
                del self.queue[number]
            elif now - delivery.since >= world.assumptions.webhook_patience_seconds:
                hook.active = False
            else:
                delivery.wait += world.assumptions.webhook_retry_step_seconds
                delivery.due = now + delivery.wait

    def send(self, hook: Webhook, body: bytes) -> Result:
        """Post a body to a webhook's URL if the sandbox may call it."""
        parts = urlsplit(hook.url)
        host, assumptions = parts.hostname or "", self._world.assumptions
        local = is_loopback(host)
        if not local and not self.anywhere:
            return Result(0, f"the sandbox calls only its own machine, not {host}")
        headers = {"Content-Type": "application/json", "User-Agent": "fivetran-sandbox"}
        if hook.secret:
            signed = signature(hook.secret, body)
            upper = assumptions.webhook_signature_upper_case
            headers[SIGNATURE] = signed.upper() if upper else signed
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = _connect(parts, assumptions.webhook_timeout_seconds, verify=not local)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
        except (OSError, HTTPException, ValueError) as error:
            return Result(0, f"no answer ({type(error).__name__})")
        finally:
            connection.close()
        succeeded = 200 <= response.status < 300
        return Result(response.status, "Success" if succeeded else response.reason)

    def start(self) -> None:
        """Deliver in a background thread from now on."""
        if self._stop is None:
            self._stop = Flag()
            Thread(target=self._run, args=(self._stop,), name="webhooks", daemon=True).start()

    def stop(self) -> None:
        """Stop delivering, without waiting for a running attempt."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, stop: Flag) -> None:
        while not stop.wait(PACE):
            if self._hooks:
                self._pump()


def _connect(parts: SplitResult, timeout: float, *, verify: bool) -> HTTPConnection:
    """Return a connection to a host, which may present an unverified certificate."""
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=timeout, context=context)
