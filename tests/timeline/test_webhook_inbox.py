"""Webhooks are checked, stored once, counted, and worked off in order."""

import hmac
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.events import read_event, report_of
from pbf.rules.timeline.outcomes import Outcome
from pbf.store.retention import RECEIVED_EVENTS
from pbf.store.store import Store
from pbf.timeline import webhook_inbox, webhook_work
from pbf.timeline.recorder import Recorder
from pbf.timeline.webhook_inbox import NO_SECRET, Inbox, Receipt, is_signed
from pbf.timeline.webhook_work import ReceivedWork
from tests.support.draws import cases
from tests.support.webhook_events import NOW, SECRET, payload, signed

OLD = "old-secret"


class History:
    """What was recorded, as a merge that ignores order and doubles would keep it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, SyncReport]] = []
        self.moved: list[tuple[str, set[str]]] = []

    def record(self, group_id, reports, *, source, now):
        assert source == "webhook"
        self.calls += [(group_id, report) for report in reports]
        return []

    def work(self, store: Store, **options) -> ReceivedWork:
        """Return the job on the inbox of a store."""
        return ReceivedWork(
            store.received_events,
            self,
            moved=lambda group_id, ids: self.moved.append((group_id, set(ids))),
            clock=NOW.timestamp,
            **options,
        )

    def outcomes(self) -> dict[tuple[str, str], set[Outcome]]:
        """Return the reported outcomes of each sync."""
        merged: dict[tuple[str, str], set[Outcome]] = {}
        for _, report in self.calls:
            key = (report.connector_id, report.sync_id)
            merged.setdefault(key, set()).add(Outcome(report.outcome))
        return merged


@pytest.fixture
def inbox(store: Store) -> Inbox:
    return inbox_of(store)


def inbox_of(store: Store, secrets: tuple[str, ...] = (SECRET, OLD)) -> Inbox:
    return Inbox(
        store.received_events,
        secrets=secrets,
        is_ours=lambda group_id: group_id in ("ours", "another"),
        clock=NOW.timestamp,
    )


def deliver(inbox: Inbox, *bodies: bytes) -> list[Receipt]:
    return [inbox.receive(body, signed(body)) for body in bodies]


def counts(store: Store, inbox: Inbox) -> dict[str, int]:
    inbox.write_counts()
    return {kind: row.count for kind, row in store.received_events.counts().items()}


@pytest.mark.parametrize("secret", [SECRET, OLD])
@pytest.mark.parametrize("form", [str.lower, str.upper, lambda text: f" {text} "])
def test_a_signature_by_any_of_the_secrets_and_in_any_case_is_accepted(inbox, secret, form):
    body = payload()

    assert inbox.receive(body, form(signed(body, secret))) is Receipt.ACCEPTED


@pytest.mark.parametrize(
    "signature",
    ["", "x", "ü" * 64, "0" * 64, signed(payload(), "another"), signed(payload())[:-1], "\udcff"],
)
def test_a_forgery_is_counted_and_has_no_effect(store, inbox, signature):
    receipt = inbox.receive(payload(), signature)

    assert receipt is Receipt.FORGED
    assert counts(store, inbox) == {"forged": 1}
    assert store.received_events.waiting() == 0


@pytest.mark.parametrize("secrets", [(), (SECRET,), (SECRET, OLD)])
@pytest.mark.parametrize("signature", ["", "x", signed(b"body"), signed(b"body", NO_SECRET)])
def test_every_secret_is_compared_whatever_the_signature(monkeypatch, secrets, signature):
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(
        webhook_inbox.hmac, "compare_digest", lambda *pair: compared.append(pair) or compare(*pair)
    )

    result = is_signed(b"body", signature, secrets)

    assert len(compared) == max(len(secrets), 1)
    assert result == (signature == signed(b"body") and bool(secrets))


def test_without_a_secret_everything_is_a_forgery(store):
    body = payload()

    assert inbox_of(store, ()).receive(body, signed(body, NO_SECRET)) is Receipt.FORGED


def test_a_replay_is_counted_and_has_no_effect(store, inbox):
    receipts = deliver(inbox, payload(), payload(), payload("sync_start"))

    assert receipts == [Receipt.ACCEPTED, Receipt.REPLAYED, Receipt.ACCEPTED]
    assert counts(store, inbox) == {"accepted": 2, "replayed": 1}
    assert store.received_events.waiting() == 2


def test_what_is_older_than_events_are_kept_is_a_replay(inbox):
    receipts = deliver(
        inbox,
        payload(minutes=-RECEIVED_EVENTS / 60 - 1),
        payload(minutes=-RECEIVED_EVENTS / 60 + 1),
    )

    assert receipts == [Receipt.REPLAYED, Receipt.ACCEPTED]


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        pytest.param(payload(destination_group_id="foreign"), Receipt.FOREIGN, id="foreign-group"),
        pytest.param(payload(destination_group_id=None), Receipt.FOREIGN, id="no-group"),
        pytest.param(payload(connector_id=None), Receipt.FOREIGN, id="no-connector"),
        pytest.param(payload("never_heard_of"), Receipt.ACCEPTED, id="unknown-event"),
        pytest.param(payload(connector_id="never_seen"), Receipt.ACCEPTED, id="unknown-connector"),
        pytest.param(payload(connector_id="_connection_1"), Receipt.TEST, id="test-call"),
        pytest.param(payload(created="soon"), Receipt.ACCEPTED, id="no-time"),
        pytest.param(b"{", Receipt.INVALID, id="not-json"),
        pytest.param(b"\xff\x00", Receipt.INVALID, id="not-text"),
        pytest.param(b"[" * 30_000, Receipt.INVALID, id="nested"),
        pytest.param(b"[]", Receipt.INVALID, id="no-object"),
        pytest.param(b'{"event": 1}', Receipt.INVALID, id="no-event"),
        pytest.param(payload(sync_id="\0\ud800", reason="\0"), Receipt.ACCEPTED, id="no-letters"),
    ],
)
def test_what_is_signed_is_never_an_error(store, inbox, body, receipt):
    assert deliver(inbox, body) == [receipt]
    assert store.received_events.waiting() == (receipt is Receipt.ACCEPTED)
    assert History().work(store).work_off() is None


PROBE = json.dumps(
    {
        "event": "test_event",
        "created": "2026-11-20T12:00:00Z",
        "connector_type": "_connector_type",
        "connector_id": "_connector_1",
        "group_id": "_destination_1",
    }
).encode()


def test_the_probe_is_answered_signed_or_not_but_not_with_a_wrong_signature(store, inbox):
    receipts = [inbox.receive(PROBE, signature) for signature in (signed(PROBE), "", "0" * 64)]

    assert receipts == [Receipt.TEST, Receipt.TEST, Receipt.FORGED]
    assert store.received_events.waiting() == 0


def test_an_older_payload_is_understood():
    body = payload(
        destination_group_id=None, group_id="ours", data=None, status="FAILURE_WITH_TASK"
    )

    event = read_event(body)

    assert event.group_id == "ours"
    assert report_of(event).outcome == Outcome.NEEDS_ACTION


def test_what_an_end_says_becomes_a_report():
    data = {"status": "RESCHEDULED", "reason": "Too busy", "rescheduledAt": "later", "more": [1]}

    report = report_of(read_event(payload(data=data)))

    assert report == SyncReport(
        "lamp",
        sync_id="sync-1",
        ended_at=NOW.timestamp(),
        outcome=Outcome.RESCHEDULED,
        reason="Too busy",
        unknown={"rescheduledAt": "later"},
    )


def test_events_are_worked_off_in_the_order_of_their_creation(store, inbox):
    deliver(
        inbox,
        payload(minutes=2),
        payload("sync_start"),
        payload("pause_connector", 3, sync_id=None, connector_id="door"),
        payload("sync_start", 1, sync_id="x", destination_group_id="another"),
    )
    history = History()

    history.work(store).work_off()

    ours = [report.outcome for group_id, report in history.calls if group_id == "ours"]
    assert ours == [Outcome.RUNNING, Outcome.SUCCEEDED]
    assert sorted(history.moved) == [("another", {"lamp"}), ("ours", {"lamp", "door"})]
    assert store.received_events.waiting() == 0
    assert history.work(store).work_off() is None
    assert len(history.calls) == 3


def test_the_body_is_dropped_once_it_is_worked_off(store, inbox):
    deliver(inbox, payload())
    History().work(store).work_off()

    [row] = store.received_events.claim(9, now=NOW.timestamp(), lease=1) or [None]
    assert row is None
    assert deliver(inbox, payload()) == [Receipt.REPLAYED]


def test_deliveries_prove_no_observation_since_a_lost_one_leaves_no_trace(store, inbox):
    deliver(inbox, *(payload(minutes=minutes) for minutes in (0, 10, 20)))
    recorder = Recorder(store, detail_days=90)

    ReceivedWork(
        store.received_events, recorder, moved=lambda *_: None, clock=NOW.timestamp
    ).work_off()

    start = NOW.timestamp()
    assert store.observations.between("ours", ("", "lamp"), start - 3600, start + 3600) == []


def test_a_full_batch_is_followed_by_another_at_once(store, inbox, monkeypatch):
    monkeypatch.setattr(webhook_work, "BATCH", 2)
    deliver(inbox, *(payload(minutes=minutes) for minutes in range(3)))
    work = History().work(store)

    assert [work.work_off(), work.work_off()] == [NOW.timestamp(), None]


@pytest.mark.parametrize("place", ["file", "postgres"])
def test_two_processes_work_off_each_event_once(request, tmp_path, place):
    in_file = f"sqlite:///{tmp_path}/inbox.sqlite3"
    url = in_file if place == "file" else request.getfixturevalue("postgres").empty()
    first, second = Store(url), Store(url)
    deliver(inbox_of(first), *(payload(minutes=number) for number in range(300)))
    histories = [History(), History()]

    def work(store: Store, history: History) -> None:
        job = history.work(store)
        for _ in range(40):
            job.work_off()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhook_work, "BATCH", 10)
        threads = [
            threading.Thread(target=work, args=pair)
            for pair in zip((first, second), histories, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    times = [report.ended_at for history in histories for _, report in history.calls]
    assert len(times) == len(set(times)) == 300
    assert first.received_events.waiting() == 0
    first.close()
    second.close()


def test_what_a_process_left_behind_is_worked_off_when_its_claim_ends(store, inbox):
    deliver(inbox, payload())
    events, history = store.received_events, History()
    events.claim(9, now=NOW.timestamp() - 30, lease=60)

    history.work(store).work_off()
    early = len(history.calls)
    work = history.work(store)
    work._clock = lambda: NOW.timestamp() + 31
    work.work_off()

    assert (early, len(history.calls)) == (0, 1)


EVENTS = [
    payload("sync_start", 0, sync_id="a"),
    payload("sync_end", 1, sync_id="a", data={"status": "FAILED"}),
    payload("sync_end", 2, sync_id="a"),
    payload("sync_start", 3, sync_id="b"),
    payload("connection_failure", 4, sync_id=None),
]


@cases(60)
@given(
    order=st.lists(st.sampled_from(range(len(EVENTS))), max_size=12),
    batch=st.integers(min_value=1, max_value=5),
)
def test_doubled_and_shuffled_events_give_the_same_history(order: list[int], batch: int):
    store = Store("sqlite://")
    history, inbox = History(), inbox_of(store)
    work = history.work(store)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhook_work, "BATCH", batch)
        for number, index in enumerate([*order, *range(len(EVENTS)), *reversed(order)]):
            deliver(inbox, EVENTS[index])
            if number % 3 == 0:
                work.work_off()
        while work.work_off() is not None:
            pass
        work.work_off()

    assert len(history.calls) == 4
    assert history.outcomes() == {
        ("lamp", "a"): {Outcome.RUNNING, Outcome.FAILED, Outcome.SUCCEEDED},
        ("lamp", "b"): {Outcome.RUNNING},
    }
    assert counts(store, inbox)["accepted"] == len(EVENTS)
    store.close()


def test_a_flood_of_forgeries_is_counted_without_a_write_for_each(store):
    now, writes = 0.0, []
    events = store.received_events
    inbox = Inbox(events, secrets=(SECRET,), is_ours=bool, clock=lambda: now)
    count = events.count
    events.count = lambda kinds, at: writes.append(dict(kinds)) or count(kinds, at)

    for _ in range(50):
        inbox.receive(payload(), "0" * 64)
        inbox.receive(PROBE, "")
    now = 1.0
    inbox.receive(payload(), "0" * 64)

    assert len(writes) == 2
    assert {kind: row.count for kind, row in events.counts().items()} == {"forged": 51, "test": 50}
