from hypothesis import given
from hypothesis import strategies as st

from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.merging import fact_of, folded, heads, join, joined
from pbf.rules.timeline.outcomes import Outcome, outcome_of

NOW = 1_790_000_000.0

times = st.none() | st.integers(0, 200).map(lambda number: NOW + 10.0 * number)
facts = st.builds(
    lambda report, source, seen: fact_of(report, source, NOW + seen),
    st.builds(
        SyncReport,
        st.just("one"),
        st.sampled_from(["", "", "a", "b", "c"]),
        times,
        times,
        st.sampled_from(list(Outcome)),
        st.sampled_from(["", "no key", "no table"]),
        st.dictionaries(st.sampled_from(["rows", "bytes"]), st.floats(0, 9), max_size=2),
        st.dictionaries(st.sampled_from(["mode", "kind"]), st.text("xy"), max_size=2),
        times,
    ),
    st.sampled_from(["history", "webhook", "list"]),
    st.integers(0, 5),
).filter(lambda fact: fact is not None)
several = st.lists(facts, max_size=12)


@given(several, st.randoms(use_true_random=False))
def test_neither_order_nor_doubled_reports_change_the_result(given_facts, random):
    shuffled = [*given_facts, *given_facts[::2]]
    random.shuffle(shuffled)

    assert joined(shuffled) == joined(given_facts)
    assert folded(joined(shuffled)) == folded(joined(given_facts))


@given(several)
def test_every_report_is_part_of_exactly_one_sync(given_facts):
    by_key = joined(given_facts)
    of = heads(by_key)
    syncs = folded(by_key)

    assert of.keys() == by_key.keys()
    assert set(of.values()) == syncs.keys()
    assert all(of[head] == head for head in syncs)
    assert {fact.sync_id for fact in given_facts} - {""} <= {
        sync.sync_id for sync in syncs.values()
    }
    for fact in given_facts:
        assert fact.sources <= syncs[of[fact.key]].sources
        assert fact.unknown.keys() <= syncs[of[fact.key]].unknown.keys()


@given(facts, facts, facts)
def test_joining_is_associative_and_idempotent(one, two, three):
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, one) == one


def fact(source, outcome, sync_id="a", start=None, end=None, **values):
    at = [None if time is None else NOW + time for time in (start, end)]
    return fact_of(SyncReport("one", sync_id, *at, outcome, **values), source, NOW)


def test_a_failed_attempt_gives_way_to_the_success_of_its_chain():
    [sync] = folded(
        joined(
            [
                fact("webhook", Outcome.SUCCEEDED, end=900),
                fact("history", Outcome.FAILED, start=0, end=300, reason="timeout"),
                fact("list", Outcome.FAILED, "", end=300),
            ]
        )
    ).values()

    assert (sync.outcome, sync.ended_at, sync.reason) == (Outcome.SUCCEEDED, NOW + 900, "")


def test_the_history_counts_more_than_a_webhook():
    [sync] = folded(
        joined(
            [
                fact("webhook", Outcome.FAILED, start=2, end=62, reason="short"),
                fact("history", Outcome.FAILED, start=0, end=60, reason="long"),
            ]
        )
    ).values()

    assert (sync.started_at, sync.ended_at, sync.reason) == (NOW, NOW + 60, "long")


def test_a_sync_without_an_id_is_matched_by_its_start():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.RUNNING, start=2),
                fact("history", Outcome.SUCCEEDED, "", start=0, end=60),
                fact("history", Outcome.SUCCEEDED, "", start=600, end=660),
            ]
        )
    )

    assert [(sync.sync_id, sync.outcome) for sync in syncs.values()] == [
        ("a", Outcome.SUCCEEDED),
        ("", Outcome.SUCCEEDED),
    ]


def test_only_the_first_end_after_a_start_belongs_to_a_sync_without_an_end():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.RUNNING, start=0),
                fact("list", Outcome.SUCCEEDED, "", end=60),
                fact("list", Outcome.SUCCEEDED, "", end=3660),
            ]
        )
    )

    assert [sync.ended_at for sync in syncs.values()] == [NOW + 60, NOW + 3660]


def test_an_end_of_a_sync_that_started_later_is_not_that_of_an_earlier_one():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.RUNNING, start=0),
                fact("list", Outcome.SUCCEEDED, "", end=3660, started_after=NOW + 120),
            ]
        )
    )

    assert [(sync.started_at, sync.ended_at) for sync in syncs.values()] == [
        (NOW, None),
        (None, NOW + 3660),
    ]


def test_a_success_is_no_part_of_a_sync_that_failed_at_that_time():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.FAILED, start=0, end=60),
                fact("list", Outcome.SUCCEEDED, "", end=75),
            ]
        )
    )

    assert len(syncs) == 2


def test_an_unknown_word_counts_by_its_times_alone():
    assert outcome_of("FAILURE_WITH_TASK") == Outcome.NEEDS_ACTION
    assert outcome_of("PARTLY", has_end=True) == Outcome.ENDED
    assert outcome_of("", has_start=True) == Outcome.RUNNING
    assert outcome_of("WAITING", has_start=False) == Outcome.QUEUED


def test_the_end_of_a_sync_that_failed_as_it_started_belongs_to_it():
    [before, sync] = folded(
        joined(
            [
                fact("history", Outcome.SUCCEEDED, "a", start=0, end=100),
                fact("history", Outcome.NEEDS_ACTION, "b", start=900, end=900),
                fact("list", Outcome.FAILED, "", end=900),
            ]
        )
    ).values()

    assert before.sources == {"history"}
    assert (sync.outcome, sync.sources) == (Outcome.NEEDS_ACTION, {"history", "list"})


def test_the_end_of_a_sync_is_not_that_of_the_one_which_follows_at_once():
    syncs = folded(
        joined(
            [
                fact("history", Outcome.SUCCEEDED, "a", start=0, end=900),
                fact("history", Outcome.RUNNING, "b", start=900),
                fact("list", Outcome.SUCCEEDED, "", end=900),
            ]
        )
    )

    assert [sync.outcome for sync in syncs.values()] == [Outcome.SUCCEEDED, Outcome.RUNNING]


def test_an_end_that_a_sync_without_a_start_reports_is_not_that_of_an_earlier_sync():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.RUNNING, "a", start=0),
                fact("webhook", Outcome.SUCCEEDED, "b", end=3660),
                fact("list", Outcome.SUCCEEDED, "", end=3660),
            ]
        )
    )

    assert [(sync.sync_id, sync.ended_at) for sync in syncs.values()] == [
        ("a", None),
        ("b", NOW + 3660),
    ]


def test_an_end_after_that_of_a_later_sync_is_not_that_of_the_earlier_one():
    syncs = folded(
        joined(
            [
                fact("webhook", Outcome.RUNNING, "a", start=0),
                fact("webhook", Outcome.SUCCEEDED, "b", end=3660),
                fact("list", Outcome.SUCCEEDED, "", end=7260),
            ]
        )
    )

    assert [(sync.sync_id, sync.ended_at) for sync in syncs.values()] == [
        ("a", None),
        ("b", NOW + 3660),
        ("", NOW + 7260),
    ]
