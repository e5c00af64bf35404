"""The deliveries of webhooks: signing, sending, trying again, giving up."""

import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pbf.sandbox.core.records import Webhook

if TYPE_CHECKING:
    from pbf.sandbox.core.world import World

SIGNATURE = "X-Fivetran-Signature-256"
PACE = 0.5


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one attempt: the status of the answer, 0 if there was none."""

    status: int
    message: str

    @property
    def succeeded(self) -> bool:
        """Whether the receiver said that all is well."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """One event on its way to one webhook."""

    webhook_id: str
    body: bytes
    since: float
    due: float
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver."""

    webhook_id: str
    body: bytes
    sent: Sent


def signature(secret: str, body: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256 in hexadecimal digits, no prefix."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# What waits for a webhook that does not answer; the oldest goes first.
MOST_WAITING = 10_000


class Deliveries:
    """The deliveries that wait, in order, and the thread that sends them."""

    def __init__(
        self, world: "World", hooks: Mapping[str, Webhook], pump: Callable[[], object]
    ) -> None:
        """Start with nothing to deliver and no thread, which calls `pump` for what is due.

        Nothing leaves this machine unless `anywhere` is set.
        """
        self._world = world
        self._hooks = hooks
        self._pump = pump
        self.anywhere = False
        self.waiting: dict[int, Delivery] = {}
        self._count = 0
        self._pumping = Lock()
        self._stop: Flag | None = None

    def forget(self) -> None:
        """Forget what waits."""
        self.waiting.clear()
        self._count = 0

    def add(self, webhook_id: str, body: bytes, at: float) -> None:
        """Put an event of a time on its way to a webhook."""
        self._count += 1
        self.waiting[self._count] = Delivery(webhook_id, body, at, at)
        while len(self.waiting) > MOST_WAITING:
            del self.waiting[next(iter(self.waiting))]

    def pump(self) -> list[Attempt]:
        """Send what is due; a webhook that fails is left alone until the next time."""
        made: list[Attempt] = []
        failed: set[str] = set()
        with self._pumping:
            for number, delivery, hook in self._due():
                if hook.id in failed:
                    continue
                sent = self.send(hook, delivery.body)
                made.append(Attempt(hook.id, delivery.body, sent))
                if not sent.succeeded:
                    failed.add(hook.id)
                self._settle(number, delivery, hook, sent)
        return made

    def _due(self) -> list[tuple[int, Delivery, Webhook]]:
        """Return what is due, after dropping what nobody wants any more."""
        world = self._world
        with world.lock:
            now, found = world.clock(), []
            for number, delivery in list(self.waiting.items()):
                hook = self._hooks.get(delivery.webhook_id)
                if hook is None or not hook.active:
                    del self.waiting[number]
                elif delivery.due <= now:
                    found.append((number, delivery, hook))
            return found

    def _settle(self, number: int, delivery: Delivery, hook: Webhook, sent: Sent) -> None:
        """Forget a delivery that arrived; wait longer for another, or give its webhook up."""
        world = self._world
        with world.lock:
            now = world.clock()
            if sent.succeeded:
                self.waiting.pop(number, None)
            elif now - delivery.since >= world.assumptions.webhook_patience_seconds:
                hook.active = False
            else:
                delivery.wait += world.assumptions.webhook_retry_step_seconds
                delivery.due = now + delivery.wait

    def send(self, hook: Webhook, body: bytes) -> Sent:
        """Post a body to a webhook's address, if it is one that the sandbox may call."""
        parts = urlsplit(hook.url)
        host, rules = parts.hostname or "", self._world.assumptions
        near = is_loopback(host)
        if not near and not self.anywhere:
            return Sent(0, f"the sandbox calls nobody but its own machine, and not {host}")
        headers = {"Content-Type": "application/json", "User-Agent": "fivetran-sandbox"}
        if hook.secret:
            signed = signature(hook.secret, body)
            headers[SIGNATURE] = signed.upper() if rules.webhook_signature_upper_case else signed
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line = _line(parts, rules.webhook_timeout_seconds, trusting=near)
        try:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
        except (OSError, HTTPException, ValueError) as error:
            return Sent(0, f"no answer ({type(error).__name__})")
        finally:
            line.close()
        return Sent(answer.status, "Success" if 200 <= answer.status < 300 else answer.reason)

    def start(self) -> None:
        """Deliver from now on in a thread of its own."""
        if self._stop is None:
            self._stop = Flag()
            Thread(target=self._run, args=(self._stop,), name="webhooks", daemon=True).start()

    def stop(self) -> None:
        """Deliver no more; what is being sent just now is not waited for."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, stop: Flag) -> None:
        while not stop.wait(PACE):
            if self._hooks:
                self._pump()


def _line(parts: SplitResult, timeout: float, *, trusting: bool) -> HTTPConnection:
    """Return a line to a host; this machine's own certificates need no authority behind them."""
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=timeout, context=context)
