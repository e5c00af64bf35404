"""An hour without Fivetran or without a channel, from the lists to the messages."""

from datetime import timedelta

import pytest

from pbf.errors import ConnectionFailed
from pbf.store.store import Store
from tests.support.stores import address
from tests.watch.sending import NOON, Scene, channel
from tests.watch.test_incident_job import BROKEN, Account, connector

FRESH = NOON - timedelta(hours=1)
WORKING = tuple(connector(number, succeeded_at=FRESH) for number in range(1, 4))


class Outage(Scene):
    """An account whose incidents are told to a mail channel and a webhook, minute by minute."""

    def __post_init__(self):
        super().__post_init__()
        self.account = Account(self.store, self.clock)
        self.account.incident_opened = self.notifier.incident_opened
        self.account.incident_closed = self.notifier.incident_closed
        self.judge = self.account.judge()
        self.store.channels.add(channel("mail"))
        self.store.channels.add(channel("hook", kind="webhook"))

    def minutes(self, number, *, reads=()):
        for _ in range(number):
            self.clock.advance(60)
            if reads:
                self.account.read(*reads)
            self.judge.judge()
            self.notifier.deliver_due()

    def messages(self, to):
        return [message.title for name, message in self.sender.sent if name == to]


@pytest.fixture(params=["memory", "postgres"])
def outage(request, tmp_path):
    store = Store(address(request, tmp_path))
    yield Outage(store)
    store.close()


def test_an_hour_without_fivetran_is_one_message_and_one_when_it_is_over(outage):
    outage.minutes(2, reads=WORKING)
    outage.account.problem = ConnectionFailed("Fivetran cannot be reached.")
    outage.minutes(60)

    for name in ("mail", "hook"):
        (title,) = outage.messages(name)
        assert title.startswith("Fivetran cannot be reached")
    outage.account.problem = None
    outage.minutes(10, reads=WORKING)

    for name in ("mail", "hook"):
        opened, closed = outage.messages(name)
        assert closed == f"Over: {opened}"


def test_after_an_hour_without_a_channel_each_incident_has_arrived_once(outage):
    outage.minutes(2, reads=WORKING)
    outage.sender.problem = "The server cannot be reached."
    for number in range(1, 4):
        broken = [
            connector(item, succeeded_at=FRESH, status=BROKEN) for item in range(1, number + 1)
        ]
        outage.minutes(20, reads=(*broken, *WORKING[number:]))
    assert outage.sender.sent == []

    outage.sender.problem = ""
    outage.minutes(240, reads=broken)

    for name in ("mail", "hook"):
        assert sorted(outage.messages(name)) == [
            f"s{number} needs you: reconnect" for number in (1, 2, 3)
        ]
