"""Sessions: cookies, timeouts, revocation, and what a process may cache of them."""

import hashlib
import logging
import re
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as some
from sqlalchemy import text

from pbf.errors import StoreFailed
from pbf.identity import session_cache
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.store.identity.people import Profile
from pbf.store.store import Store
from tests.support.at_once import THREADS, at_once
from tests.support.clock import Clock
from tests.support.draws import SLOW, cases
from tests.support.stores import address

HOURS, IDLE_MINUTES = 12.0, 60.0
MINUTE = 60.0


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request, tmp_path):
    opened = Store(address(request, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def clock():
    return Clock()


def sessions_on(store, clock, idle_minutes: float = IDLE_MINUTES) -> Sessions:
    return Sessions(store, hours=HOURS, idle_minutes=idle_minutes, clock=clock)


def person_in(store, subject: str = "ada", issuer: str = "https://id.example") -> str:
    profile = Profile(issuer, subject, f"{subject}@example.com", True, subject.title())
    return store.people.sign_in(profile, None, 0.0).person.id


def start(sessions, person_id: str, tenant_id: str = "acme", role: Role = Role.EDITOR, **more):
    return sessions.start(person_id, tenant_id, role, **{"method": "oidc", **more})


def id_of(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def test_a_session_is_found_by_its_cookie_and_by_its_id(store, clock):
    sessions, person = sessions_on(store, clock), person_in(store)
    cookie = start(sessions, person, services={"b", "a,c"}, return_url="https://app.example/x")

    identity = sessions.find(cookie)

    assert identity == sessions.by_id(id_of(cookie)) == sessions_on(store, clock).find(cookie)
    assert (identity.actor, identity.person_id) == (f"person:{person}", person)
    assert (identity.tenant_id, identity.role, identity.method) == ("acme", Role.EDITOR, "oidc")
    assert (identity.name, identity.email) == ("Ada", "ada@example.com")
    assert identity.services == {"b", "a,c"}
    assert identity.return_url == "https://app.example/x"
    assert identity.session_id == id_of(cookie)
    assert not identity.is_operator
    assert sessions.person_of(id_of(cookie)) == ("https://id.example", "ada")


@pytest.mark.parametrize(
    ("services", "stored"),
    [(None, None), ([], frozenset()), (["a"], frozenset({"a"}))],
    ids=["all", "none", "one"],
)
def test_a_restriction_to_no_service_is_not_one_to_all(memory, clock, services, stored):
    sessions = sessions_on(memory, clock)

    cookie = start(sessions, person_in(memory), services=services)

    assert sessions.find(cookie).services == stored


def test_a_cookie_is_random_and_only_its_hash_is_stored(memory, clock):
    sessions, person = sessions_on(memory, clock), person_in(memory)

    cookies = {start(sessions, person) for _ in range(100)}

    with memory._database.session() as session:
        rows = session.execute(text("SELECT * FROM sessions")).all()
    assert len(cookies) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie) for cookie in cookies)
    assert {row.id for row in rows} == {id_of(cookie) for cookie in cookies}
    assert not any(cookie in str(rows) for cookie in cookies)


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "a" * 42,
        "a" * 44,
        "a" * 42 + "=",
        "a" * 43 + "\n",
        "é" * 43,
        "a" * 42 + "\0",
        "x" * 9999,
    ],
    ids=["empty", "short", "long", "padding", "line-feed", "letters", "nul", "huge"],
)
def test_garbage_is_refused_without_a_lookup(memory, clock, cookie):
    sessions = sessions_on(memory, clock)
    memory.close()
    memory.sessions.get = None

    assert sessions.find(cookie) is None
    assert sessions.by_id(cookie) is None
    assert sessions.person_of(cookie) is None
    assert not sessions.revoke(cookie, "x")
    sessions.touch(cookie)


def test_an_unknown_cookie_and_a_session_id_as_cookie_are_refused(store, clock):
    sessions = sessions_on(store, clock)
    cookie = start(sessions, person_in(store))

    assert sessions.find("a" * 43) is None
    assert sessions.find(id_of(cookie)) is None
    assert sessions.by_id(id_of("a" * 43)) is None
    assert sessions.person_of(id_of("a" * 43)) is None


def test_a_session_ends_at_its_fixed_time_however_much_it_is_used(store, clock):
    sessions = sessions_on(store, clock)
    cookie = start(sessions, person_in(store))
    for _ in range(12 * 60 - 1):
        clock.advance(MINUTE)
        sessions.touch(id_of(cookie))

    clock.advance(MINUTE - 0.5)
    before = sessions.find(cookie)
    clock.advance(0.5)

    assert before is not None
    assert sessions.find(cookie) is None
    assert sessions.ended([id_of(cookie)]) == {id_of(cookie)}


def test_minutes_shorten_a_session_and_never_lengthen_it(memory, clock):
    sessions, person = sessions_on(memory, clock, 10_000), person_in(memory)
    short, long = (start(sessions, person, minutes=minutes) for minutes in (5, 10_000))

    clock.advance(5 * MINUTE)
    after_five_minutes = (sessions.find(short), sessions.find(long) is None)
    clock.advance(HOURS * 3600 - 5 * MINUTE)

    assert after_five_minutes == (None, False)
    assert sessions.find(long) is None


def test_a_session_that_is_not_used_ends(store, clock):
    sessions = sessions_on(store, clock)
    cookie = start(sessions, person_in(store))
    clock.advance(IDLE_MINUTES * MINUTE - 1)
    sessions.touch(id_of(cookie))
    clock.advance(IDLE_MINUTES * MINUTE - 1)
    in_use = sessions.find(cookie)
    clock.advance(1)

    assert in_use is not None
    assert sessions.find(cookie) is None
    sessions.touch(id_of(cookie))
    assert sessions.find(cookie) is None
    assert sessions.ended([id_of(cookie)]) == {id_of(cookie)}


def test_use_in_one_process_keeps_the_session_in_another(store, clock):
    ours, theirs = sessions_on(store, clock), sessions_on(store, clock)
    cookie = start(ours, person_in(store))
    clock.advance(IDLE_MINUTES * MINUTE - 1)
    ours.find(cookie)
    theirs.touch(id_of(cookie))
    clock.advance(2)

    assert ours.find(cookie) is not None


@pytest.mark.parametrize(
    ("idle_minutes", "interval"), [(60, 60), (1, 12)], ids=["a-minute", "a-fifth"]
)
def test_use_is_written_at_intervals(memory, clock, idle_minutes, interval):
    sessions = sessions_on(memory, clock, idle_minutes)
    session_id = id_of(start(sessions, person_in(memory)))
    begin, written = clock.now, []
    for _ in range(2 * interval):
        clock.advance(1)
        sessions.touch(session_id)
        written.append(memory.sessions.get(session_id).row.seen_at - begin)

    assert sorted(set(written)) == [0, interval, 2 * interval]


def test_a_revoked_session_is_gone_at_once_and_elsewhere_within_five_seconds(store, clock):
    ours, theirs = sessions_on(store, clock), sessions_on(store, clock)
    cookie, ended = start(ours, person_in(store)), []
    ours.on_ended(ended.append)
    assert ours.find(cookie) == theirs.find(cookie) is not None

    revoked = ours.revoke(id_of(cookie), "signed out")

    assert revoked
    assert ended == [id_of(cookie)]
    assert ours.find(cookie) is None
    clock.advance(5)
    assert theirs.find(cookie) is None
    assert not theirs.revoke(id_of(cookie), "again")


def test_what_ended_is_found_by_one_query_and_dropped(store, clock, monkeypatch):
    ours, theirs = sessions_on(store, clock), sessions_on(store, clock)
    person = person_in(store)
    cookies = [start(ours, person) for _ in range(3)]
    ids = [id_of(cookie) for cookie in cookies]
    theirs.find(cookies[0])
    ours.revoke(ids[0], "x")

    ended = theirs.ended([*ids, "unknown"])

    assert ended == {ids[0], "unknown"}
    assert theirs.find(cookies[0]) is None
    assert theirs.ended([]) == set()


def test_the_poll_of_many_sessions_is_split(memory, clock, monkeypatch):
    monkeypatch.setattr("pbf.store.identity.sessions.BATCH", 2)
    sessions, person = sessions_on(memory, clock), person_in(memory)
    ids = [id_of(start(sessions, person)) for _ in range(5)]
    sessions.revoke(ids[4], "x")

    assert sessions.ended(ids) == {ids[4]}


def test_a_callback_that_fails_stops_neither_the_others_nor_the_revocation(memory, clock, caplog):
    sessions, ended = sessions_on(memory, clock), []
    cookie = start(sessions, person_in(memory))
    sessions.on_ended(lambda _: 1 / 0)
    sessions.on_ended(ended.append)

    assert sessions.revoke(id_of(cookie), "x")

    assert ended == [id_of(cookie)]
    assert "a callback for an ended session failed" in caplog.text


def test_a_tenant_revokes_its_own_sessions_alone(store, clock):
    sessions, person = sessions_on(store, clock), person_in(store)
    cookie = start(sessions, person, "acme")

    assert not sessions.revoke(id_of(cookie), "x", tenant_id="globex")
    assert sessions.find(cookie) is not None
    assert sessions.revoke(id_of(cookie), "x", tenant_id="acme")


def test_the_sessions_of_a_person_or_tenant_are_revoked_together(store, clock):
    sessions, ada, bob = sessions_on(store, clock), person_in(store), person_in(store, "bob")
    in_acme, in_globex = start(sessions, ada, "acme"), start(sessions, ada, "globex")
    of_bob = start(sessions, bob, "acme")

    of_person = sessions.revoke_person(ada, "x", tenant_id="acme")
    after = [sessions.find(cookie) is not None for cookie in (in_acme, in_globex, of_bob)]
    rest = sessions.revoke_person(ada, "x")
    of_tenant = sessions.revoke_tenant("acme", "x")

    assert (of_person, after, rest, of_tenant) == (1, [False, True, True], 1, 1)
    assert sessions.find(of_bob) is None


def test_a_provider_ends_its_own_sessions_by_sid_subject_or_both(store, clock):
    sessions, ada = sessions_on(store, clock), person_in(store)
    stranger = person_in(store, "ada", "https://other.example")
    theirs = start(sessions, stranger, provider_sid="s1")
    first, second = (start(sessions, ada, provider_sid=sid) for sid in ("s1", "s2"))
    issuer, end = "https://id.example", sessions.revoke_provider_session

    assert end(issuer, "x") == 0
    assert end(issuer, "x", sid="s1", subject="bob") == 0
    assert end(issuer, "x", sid="s1") == 1
    assert sessions.find(first) is None
    assert sessions.find(second) is not None
    assert end(issuer, "x", subject="ada") == 1
    assert sessions.find(theirs) is not None


def test_the_session_of_a_disabled_person_is_refused_even_if_it_is_not_revoked(store, clock):
    sessions, person = sessions_on(store, clock), person_in(store)
    store.people.disable(person, clock())
    cookie = start(sessions, person)

    assert sessions.find(cookie) is None
    assert sessions.ended([id_of(cookie)]) == {id_of(cookie)}


def test_a_role_that_is_none_of_ours_is_nobody(memory, clock):
    sessions = sessions_on(memory, clock)

    assert sessions.find(start(sessions, person_in(memory), role="superuser")) is None


def test_switching_replaces_the_session_and_keeps_its_end(store, clock):
    sessions, person = sessions_on(store, clock), person_in(store)
    old = start(sessions, person, "acme", services=["a"], id_token="hint", minutes=30)
    clock.advance(10 * MINUTE)

    new = sessions.switch_tenant(id_of(old), "globex", Role.VIEWER)

    identity = sessions.find(new)
    assert (identity.tenant_id, identity.role, identity.services) == ("globex", "viewer", {"a"})
    assert sessions.find(old) is None
    assert sessions.details(id_of(new)).row.id_token == "hint"
    assert sessions.details(id_of(new)).issuer == "https://id.example"
    assert not identity.is_operator
    assert sessions.switch_tenant(id_of(old), "acme", Role.ADMIN) is None
    clock.advance(20 * MINUTE)
    assert sessions.find(new) is None


def test_of_eight_switches_of_a_session_at_once_one_succeeds(store, clock):
    sessions = sessions_on(store, clock)
    session_id = id_of(start(sessions, person_in(store)))

    cookies = at_once(lambda n: sessions.switch_tenant(session_id, f"t{n}", Role.VIEWER))

    assert cookies.count(None) == THREADS - 1


def test_an_operator_stays_one_in_a_tenant_and_when_switching_again(store, clock):
    sessions, person = sessions_on(store, clock), person_in(store)
    first = start(sessions, person, "", Role.OPERATOR)
    second = sessions.switch_tenant(id_of(first), "acme", Role.ADMIN)
    operator = sessions.find(second)
    third = sessions.switch_tenant(id_of(second), "globex", Role.VIEWER)

    assert (operator.role, operator.tenant_id, operator.is_operator) == ("admin", "acme", True)
    assert sessions.find(third).is_operator
    assert sessions.find(start(sessions, person, by_operator=True)).is_operator


def test_open_sessions_are_listed_last_used_first(store, clock):
    sessions, ada, bob = sessions_on(store, clock), person_in(store), person_in(store, "bob")
    start(sessions, ada, "acme")
    clock.advance(IDLE_MINUTES * MINUTE)
    cookies = [start(sessions, ada, "acme")]
    clock.advance(1)
    cookies += [start(sessions, bob, "acme"), start(sessions, ada, "globex")]
    sessions.revoke(id_of(start(sessions, ada, "acme")), "x")

    of_acme = [(row.name, row.row.id) for row in sessions.open_sessions(tenant_id="acme")]

    assert of_acme == [("Bob", id_of(cookies[1])), ("Ada", id_of(cookies[0]))]
    assert len(sessions.open_sessions()) == 3
    assert len(sessions.open_sessions(person_id=ada)) == 2


def test_a_store_that_fails_lets_nobody_in_after_five_seconds(memory, clock, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG, "pbf.identity")
    sessions = sessions_on(memory, clock)
    cookie, other = (start(sessions, person_in(memory)) for _ in range(2))
    identity = sessions.find(cookie)
    with memory._database.session() as session:
        session.execute(text("DROP TABLE sessions"))

    clock.advance(4.9)
    cached, person = sessions.find(cookie), sessions.person_of(id_of(cookie))
    clock.advance(0.1)

    assert cached == identity
    assert person == ("https://id.example", "ada")
    for fails in (
        lambda: sessions.find(cookie),
        lambda: sessions.find(other),
        lambda: sessions.person_of(id_of(cookie)),
        lambda: sessions.ended([id_of(cookie)]),
        lambda: sessions.revoke(id_of(cookie), "x"),
        lambda: start(sessions, "p"),
    ):
        with pytest.raises(StoreFailed):
            fails()
    sessions.touch(id_of(cookie))
    assert "the use of a session was not stored" in caplog.text


def test_what_was_read_before_a_revocation_is_not_cached_after_it(memory, clock, monkeypatch):
    sessions = sessions_on(memory, clock)
    cookie, read = start(sessions, person_in(memory)), memory.sessions.get

    def slow_read(session_id):
        result = read(session_id)
        monkeypatch.setattr(memory.sessions, "get", read)
        sessions.revoke(session_id, "while it was read")
        return result

    monkeypatch.setattr(memory.sessions, "get", slow_read)
    sessions.find(cookie)

    assert sessions.find(cookie) is None


def test_a_cached_session_is_read_again_after_five_seconds(memory, clock, monkeypatch):
    sessions, reads = sessions_on(memory, clock), []
    cookie, read = start(sessions, person_in(memory)), memory.sessions.get
    monkeypatch.setattr(memory.sessions, "get", lambda key: reads.append(key) or read(key))
    for _ in range(10):
        sessions.find(cookie)
        clock.advance(1)

    assert len(reads) == 2


def test_the_cache_is_bounded(memory, clock, monkeypatch):
    monkeypatch.setattr(session_cache, "SIZE", 3)
    sessions, person = sessions_on(memory, clock), person_in(memory)
    cookies = [start(sessions, person) for _ in range(5)]

    identities = [sessions.find(cookie) for cookie in cookies + cookies]

    assert None not in identities
    assert len(sessions._cache._sessions) == 3


def test_expired_sessions_are_deleted_a_day_later(store, clock):
    sessions = sessions_on(store, clock)
    start(sessions, person_in(store))
    end = clock.now + HOURS * 3600

    counts = []
    for now in (end + 24 * 3600, end + 24 * 3600 + 1):
        store.delete_expired(now)
        with store._database.session() as session:
            counts.append(session.scalar(text("SELECT count(*) FROM sessions")))

    assert counts == [1, 0]


@dataclass
class Expected:
    """What a session's cookie may still do, told without any cache."""

    cookie: str
    expires_at: float
    used_at: float
    revoked_at: float | None = None
    revoked_by: int = -1

    def ended(self, now: float, idle: float) -> bool:
        return now >= self.expires_at or now >= self.used_at + idle

    def must_be_refused(self, now: float, idle: float, process: int) -> bool:
        if self.ended(now, idle):
            return True
        if self.revoked_at is None:
            return False
        return process == self.revoked_by or now >= self.revoked_at + 5


STEPS = some.lists(
    some.tuples(
        some.sampled_from(["start", "find", "find", "touch", "revoke", "advance", "ended"]),
        some.integers(0, 3),
        some.integers(0, 1),
        some.sampled_from([1, 2, 4, 5, 11, 12, 59, 60, 61, 600]),
    ),
    max_size=40,
)


@cases(
    300,
    # No two examples share a session.
    suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_no_order_of_events_yields_an_identity_that_has_ended(memory, steps):
    clock, idle, person = Clock(), MINUTE, person_in(memory)
    processes = [Sessions(memory, hours=0.1, idle_minutes=1, clock=clock) for _ in range(2)]
    expected: list[Expected] = []
    for step, number, process, seconds in steps:
        sessions = processes[process]
        if step == "advance":
            clock.advance(seconds)
        elif step == "start":
            cookie = start(sessions, person)
            expected.append(Expected(cookie, clock.now + 360, clock.now))
        elif expected:
            act(step, sessions, expected[number % len(expected)], process, clock.now, idle)


def act(step: str, sessions: Sessions, entry: Expected, process: int, now: float, idle: float):
    """Take a step with a session in one process, and compare it with what is expected."""
    session_id, refused = id_of(entry.cookie), entry.must_be_refused(now, idle, process)
    if step == "touch":
        sessions.touch(session_id)
        if entry.revoked_at is None and not entry.ended(now, idle):
            entry.used_at = now
    elif step == "revoke":
        if sessions.revoke(session_id, "x"):
            assert entry.revoked_at is None
            entry.revoked_at, entry.revoked_by = now, process
    elif step == "ended":
        if refused or entry.revoked_at is not None:
            assert sessions.ended([session_id]) == {session_id}
    elif refused:
        assert sessions.find(entry.cookie) is None
        assert sessions.by_id(session_id) is None
    elif entry.revoked_at is None and now < entry.used_at + 0.8 * idle:
        assert sessions.find(entry.cookie).session_id == session_id
