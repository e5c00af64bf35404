"""One process of the run: python -m chaos.timeline.process URL KEY SECRET DATABASE DAYS GROUP...

It has the product's own jobs, on the sandbox's clock. Each line of its input is a turn: the time
and the webhooks that arrive. It answers with which of them are stored, and with what the sources
have shown when all jobs that were due are done.
"""

import json
import logging
import sys
from collections.abc import Callable, Collection, Sequence

from chaos.timeline.witness import WitnessingClient
from pbf.connectors.portal import Portal
from pbf.errors import StoreFailed, UnknownTenant
from pbf.fivetran.http.transport import Request
from pbf.jobs.runner import JobRunner, JobSpec
from pbf.runtime.webhooks import INTERVAL
from pbf.store.store import Store
from pbf.timeline.timelines import Timelines
from pbf.timeline.webhook_inbox import Inbox, Receipt
from pbf.timeline.webhook_work import ReceivedWork

WEBHOOK_SECRET = "of the run"  # noqa: S105  # of the sandbox only
TIMEOUT = 0.4
KEPT = frozenset({Receipt.ACCEPTED, Receipt.REPLAYED})


class Turns:
    """The parts of the product that keep the sync history."""

    def __init__(
        self, client: WitnessingClient, store: Store, groups: Collection[str], *, days: float
    ) -> None:
        """Keep the history of some groups; details are kept for so many days."""
        self.now = 0.0
        self.shown = client.shown
        self._client = client
        timelines = Timelines(
            client,
            store,
            portal=_no_portal,
            groups=lambda: sorted(groups),
            days=days,
            detail_days=days,
            clock=self._clock,
        )
        events = store.received_events
        self._inbox = Inbox(
            events, secrets=(WEBHOOK_SECRET,), is_ours=groups.__contains__, clock=self._clock
        )
        work = ReceivedWork(
            events, timelines.recorder, moved=store.last_seen.mark_moved, clock=self._clock
        )
        specs = [JobSpec(name, every, self._storing(job)) for name, every, job in timelines.work()]
        specs.append(JobSpec("work off webhooks", INTERVAL, work.work_off))
        self._runner = JobRunner(store, specs, clock=self._clock)

    def take(self, now: float, hooks: Sequence[tuple[str, str]]) -> list[bool]:
        """Receive webhooks (body, signature) at a time; return which of them are stored."""
        self.now = now
        if self._client.latest.date is None:
            # Without any response it would be the time of this machine.
            self._client.latest.date = float(int(now))
        return [self._is_kept(body, signature) for body, signature in hooks]

    def run_jobs(self) -> None:
        """Run what is due, and note what sources show to it."""
        self.shown.clear()
        self._runner.run_due()

    def _storing(self, job: Callable[[], float | None]) -> Callable[[], float | None]:
        """Return a job that forgets what was shown if it cannot be stored."""

        def run() -> float | None:
            try:
                return job()
            except StoreFailed:
                self.shown.clear()
                raise

        return run

    def _is_kept(self, body: str, signature: str) -> bool:
        try:
            return self._inbox.receive(body.encode(), signature) in KEPT
        except StoreFailed:
            return False

    def _clock(self) -> float:
        return self.now


def _no_portal(tenant_id: str) -> Portal:
    raise UnknownTenant(tenant_id)


def main(url: str, key: str, secret: str, database_url: str, days: str, *groups: str) -> None:
    """Take turns until the input ends."""
    logging.basicConfig(level=logging.WARNING)
    client = WitnessingClient(Request(url, key, secret, timeout=TIMEOUT))
    turns = Turns(client, Store(database_url), groups, days=float(days) + 1)
    print("ready", flush=True)
    for line in sys.stdin:
        turn = json.loads(line)
        print(json.dumps(turns.take(turn["now"], turn["hooks"])), flush=True)
        turns.run_jobs()
        print(turns.shown.dump(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
