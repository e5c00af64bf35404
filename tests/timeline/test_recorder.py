"""What is stored of reports, whatever their order, on each kind of database."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pbf.rules.timeline.entries import Period, SyncReport
from pbf.rules.timeline.merging import fact_of, folded, joined
from pbf.rules.timeline.outcomes import FAILURES, Outcome
from pbf.rules.timeline.summary import longest_outage
from pbf.store.store import Store
from pbf.store.timeline.syncs import DAY, HOUR
from pbf.store.timeline.tables import WHOLE_GROUP
from pbf.timeline.recorder import Recorder
from pbf.timeline.rows import brief_entry, entry_of, entry_of_fact, moment
from tests.support.draws import SLOW, cases
from tests.support.stores import address

NOW = 1_790_000_000.0
GROUP, ONE = "our_group", "one"
COUNTED = {Outcome.SUCCEEDED, *FAILURES}


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request, tmp_path):
    opened = Store(address(request, tmp_path))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def in_memory():
    opened = Store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def recorder(store):
    return Recorder(store, detail_days=90)


def syncs(store, group_id=GROUP):
    return [entry_of(row) for row in store.syncs.between(group_id, ONE, 0, 2 * NOW)]


def report(sync_id="", start=None, end=None, outcome=Outcome.SUCCEEDED, **values):
    started_at = None if start is None else NOW + start
    ended_at = None if end is None else NOW + end
    return SyncReport(ONE, sync_id, started_at, ended_at, outcome, **values)


def test_the_longest_outage_is_found_without_the_successes_between(store, recorder):
    letters = "ssfssffrsssfnesssfs" + "s" * 20
    outcomes = {"s": Outcome.SUCCEEDED, "f": Outcome.FAILED, "n": Outcome.NEEDS_ACTION}
    outcomes |= {"r": Outcome.RESCHEDULED, "e": Outcome.ENDED}
    reports = [
        report(str(n), 60 * n, 60 * n + 30, outcomes[letter]) for n, letter in enumerate(letters)
    ]
    recorder.record(GROUP, reports, source="history", now=NOW)
    until = moment(NOW + 4000)
    period = [Period(moment(NOW), until)]

    for end in range(60, 4000, 180):
        between = (GROUP, ONE, NOW, NOW + end)
        every = [brief_entry(ONE, *row) for row in store.syncs.outcomes(*between)]
        fewer = [brief_entry(ONE, *row) for row in store.syncs.failures(*between)]
        assert len(every) == min(len(letters), end // 60)
        assert longest_outage(fewer, period, until) == longest_outage(every, period, until)
        assert fewer[-1] == [one for one in every if one.outcome in COUNTED][-1]
    assert len(fewer) == 15


def test_three_sources_show_one_sync(store, recorder):
    running = replace(report("a", 0), outcome=Outcome.RUNNING)
    recorder.record(GROUP, [running], source="webhook", now=NOW)
    recorder.record(GROUP, [report("", end=60.25)], source="list", now=NOW)
    recorder.record(GROUP, [report("a", end=60)], source="webhook", now=NOW)
    full = report("a", -1, 61, volumes={"rows": 3.0}, unknown={"mode": "x"})
    recorder.record(GROUP, [full], source="history", now=NOW)

    [entry] = syncs(store)
    assert (entry.sync_id, entry.outcome, entry.sources) == (
        "a",
        Outcome.SUCCEEDED,
        ("history", "list", "webhook"),
    )
    assert entry.started_at.timestamp() == NOW - 1
    assert entry.ended_at.timestamp() == NOW + 61
    assert (entry.volumes, entry.unknown) == ({"rows": 3.0}, {"mode": "x"})


def test_doubled_reports_change_nothing(store, recorder):
    sync, end = report("a", 0, 60), report("", end=60)
    assert recorder.record(GROUP, [sync, sync], source="history", now=NOW)
    assert recorder.record(GROUP, [end, end], source="list", now=NOW)

    assert recorder.record(GROUP, [sync], source="history", now=NOW + 5) == []
    assert recorder.record(GROUP, [end], source="list", now=NOW + 5) == []
    assert len(syncs(store)) == 1


def test_an_end_moves_to_the_sync_that_turns_out_to_be_its_own(store, recorder):
    recorder.record(GROUP, [report("a", 0, outcome=Outcome.RUNNING)], source="webhook", now=NOW)
    recorder.record(GROUP, [report("", end=3660)], source="list", now=NOW)
    recorder.record(GROUP, [report("b", 3600, outcome=Outcome.RUNNING)], source="webhook", now=NOW)

    newest, oldest = syncs(store)
    assert (newest.sync_id, newest.outcome) == ("b", Outcome.SUCCEEDED)
    assert (oldest.sync_id, oldest.outcome, oldest.ended_at) == ("a", Outcome.RUNNING, None)
    assert oldest.sources == ("webhook",)


def test_a_reason_that_postgresql_refuses_is_stored_without_it(store, recorder):
    recorder.record(
        GROUP,
        [report("a", 0, 9, Outcome.FAILED, reason="no\0 key")],
        source="history",
        now=NOW,
    )

    assert syncs(store)[0].reason == "no key"


def test_old_syncs_are_thinned_to_days_and_later_deleted(store, recorder):
    old = report("a", -89 * DAY, -89 * DAY + 60)
    recorder.record(GROUP, [old, report("b", 0, 60)], source="history", now=NOW)
    later = NOW + 5 * DAY

    store.syncs.thin(recorder.oldest(later))

    assert [entry.sync_id for entry in syncs(store)] == ["b"]
    day = int((NOW - 89 * DAY) // DAY)
    assert [row.succeeded for row in store.syncs.days(GROUP, ONE, day, day + 1)] == [1]
    assert recorder.record(GROUP, [old], source="list", now=later) == []
    store.syncs.delete_days(NOW - DAY)
    assert store.syncs.days(GROUP, ONE, 0, day + 1) == []


STARTS = st.lists(st.integers(0, 90), max_size=7, unique=True)
OUTCOMES = st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED, Outcome.NEEDS_ACTION])


@st.composite
def deliveries(draw):
    """Reports about true syncs, ten minutes apart or more, from any sources, in any order."""
    truth, reports = {}, []
    for number in sorted(draw(STARTS)):
        start, outcome = 600.0 * number, draw(OUTCOMES)
        end = start + draw(st.sampled_from([10.0, 300.0, 540.0]))
        sync_id = f"sync {number}"
        shown = draw(st.sets(st.sampled_from(["history", "running", "start", "end", "list"])))
        if shown:
            truth[sync_id] = (start, end, outcome, shown)
        reports += [_delivery(kind, sync_id, start, end, outcome) for kind in sorted(shown)]
    doubled = [item for item in reports if draw(st.booleans())]
    return truth, draw(st.permutations([*reports, *doubled]))


def _delivery(kind, sync_id, start, end, outcome):
    if kind == "history":
        return report(sync_id, start, end, outcome), "history"
    if kind == "running":
        return report(sync_id, start, outcome=Outcome.RUNNING), "history"
    if kind == "start":
        return report(sync_id, start + 1, outcome=Outcome.RUNNING), "webhook"
    if kind == "end":
        return report(sync_id, end=end + 1, outcome=outcome), "webhook"
    shown = outcome if outcome == Outcome.SUCCEEDED else Outcome.FAILED
    return report("", end=end, outcome=shown), "list"


@cases(
    40,
    suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture],
)
@given(deliveries())
def test_the_order_of_reports_does_not_matter_and_nothing_is_lost(in_memory, delivered):
    truth, reports = delivered
    group_id = uuid4().hex
    recorder = Recorder(in_memory, detail_days=90)

    for item, source in reports:
        recorder.record(group_id, [item], source=source, now=NOW)

    entries = syncs(in_memory, group_id)
    facts = joined(fact for item, source in reports if (fact := fact_of(item, source, NOW)))
    expected = [entry_of_fact(ONE, fact) for fact in folded(facts).values()]
    assert sorted(map(repr, entries)) == sorted(map(repr, expected))
    _check_truth(truth, entries)
    _check_sums(in_memory, group_id, entries)


def _check_truth(truth, entries):
    by_id = {entry.sync_id: entry for entry in entries if entry.sync_id}
    ends = {entry.ended_at.timestamp() for entry in entries if not entry.sync_id}
    assert len(entries) <= len(truth) or any("list" in shown for *_, shown in truth.values())
    for sync_id, (start, end, outcome, shown) in truth.items():
        entry = by_id.get(sync_id)
        if entry is None:
            assert shown == {"list"}
            owner = [item for item in by_id.values() if "list" in item.sources]
            assert NOW + end in ends or owner
        elif shown & {"history", "end"}:
            assert entry.outcome == outcome
            assert NOW + end not in ends
        if entry and "history" in shown:
            assert entry.started_at.timestamp() == NOW + start
            assert entry.ended_at.timestamp() == NOW + end


def _check_sums(store, group_id, entries):
    good = sum(entry.outcome == Outcome.SUCCEEDED for entry in entries)
    for owner in (ONE, WHOLE_GROUP):
        days = store.syncs.days(group_id, owner, 0, int(2 * NOW // DAY))
        assert sum(row.succeeded for row in days) == good
        assert sum(row.succeeded + row.failed + row.other for row in days) == len(entries)
        seconds = sum(entry.seconds or 0.0 for entry in entries)
        assert sum(row.busy_seconds for row in days) == pytest.approx(seconds)
    hours = store.syncs.hours(group_id, 0, int(2 * NOW // HOUR))
    assert sum(row.succeeded + row.failed + row.other for row in hours) == len(entries)
