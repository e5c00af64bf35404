"""The way of the webhooks from the sandbox to the product: some are lost, doubled or late."""

import json
import random
from collections import Counter
from dataclasses import dataclass

from chaos.timeline.plan import DOUBLED, LATE, LONGEST_DELAY, LOST
from chaos.timeline.process import WEBHOOK_SECRET
from pbf.sandbox.core.records import Webhook
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.webhooks.deliveries import Result, signature
from pbf.sandbox.webhooks.events import EVENTS

URL = "https://product.example.com/hooks"
ANSWERED = Result(200, "Success")


@dataclass
class Parcel:
    """A delivery on its way, and when it arrives."""

    body: str
    due: float


class Relay:
    """Takes the webhooks of a sandbox, and hands those over that arrive."""

    def __init__(self, world: Sandbox, seed: int) -> None:
        """Subscribe to all events of a world."""
        self._world = world
        self._random = random.Random(seed)  # noqa: S311  # not a secret
        self._waiting: list[Parcel] = []
        self.is_silent = False
        self.lost = LOST
        self.counts: Counter[str] = Counter()
        # The connector, id and event of each sync event that the product has stored.
        self.stored: set[tuple[str, str, str]] = set()
        world.webhooks.deliveries.send = self._send  # type: ignore[method-assign]
        world.webhooks.keep(URL, events=EVENTS, secret=WEBHOOK_SECRET)

    def arriving(self) -> list[Parcel]:
        """Return what arrives now, in any order."""
        self._world.webhooks.pump()
        now = self._world.clock()
        due = [parcel for parcel in self._waiting if parcel.due <= now]
        self._waiting = [parcel for parcel in self._waiting if parcel.due > now]
        self._random.shuffle(due)
        return due

    def settle(self, parcel: Parcel, *, is_stored: bool) -> None:
        """Note a delivery that was stored; one that was not is sent again."""
        if not is_stored:
            self.counts["sent again"] += 1
            self._waiting.append(parcel)
            return
        self.counts["stored"] += 1
        event = json.loads(parcel.body)
        if "sync_id" in event:
            self.stored.add((event["connector_id"], event["sync_id"], event["event"]))

    def _send(self, hook: Webhook, body: bytes) -> Result:  # noqa: ARG002
        """Accept a delivery of the sandbox to a webhook, whatever becomes of it."""
        now, chance = self._world.clock(), self._random.random()
        self.counts["sent"] += 1
        if self.is_silent or chance < self.lost:
            self.counts["lost"] += 1
            return ANSWERED
        parcels = [Parcel(body.decode(), now)]
        if chance < self.lost + DOUBLED:
            self.counts["doubled"] += 1
            parcels.append(Parcel(body.decode(), now + self._delay()))
        elif chance < self.lost + DOUBLED + LATE:
            self.counts["late"] += 1
            parcels[0].due += self._delay()
        self._waiting += parcels
        return ANSWERED

    def _delay(self) -> float:
        return self._random.uniform(0, LONGEST_DELAY)


def signed(parcel: Parcel) -> tuple[str, str]:
    """Return a body and its signature."""
    return parcel.body, signature(WEBHOOK_SECRET, parcel.body.encode())
