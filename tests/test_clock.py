"""The clock of all processes, while the wall clock of this machine is wrong or jumps."""

import time
from email.utils import formatdate

import pytest
import responses

from pbf import clock
from pbf import runtime as runtimes
from pbf.cache.shared import SharedCache
from pbf.clock import READ_EVERY, SKEW, MachineClock, current_time
from pbf.connectors.access.limiter import Limiter, count_all, parsed
from pbf.errors import TooManyRequests
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Service
from pbf.identity.sessions import Sessions
from pbf.jobs.runner import JobRunner
from pbf.rules.access.permissions import Role
from pbf.runtime.jobs import delete_expired
from pbf.signed_links import DAY, Signer
from pbf.store.identity.people import Profile
from pbf.store.identity.tables import SessionRow
from pbf.store.store import Store
from tests.support.accounts import account_on

HOUR = 3600.0
JUMPS = [
    pytest.param(600.0, id="ten-minutes-ahead"),
    pytest.param(-HOUR, id="an-hour-back"),
    pytest.param(DAY + HOUR, id="a-day-ahead"),
]


class Machine:
    """A machine whose wall clock a test lets jump, and whose monotonic clock it moves forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._wall, self._elapsed = time.time, clock.elapsed
        self._jump = self._passed = 0.0
        monkeypatch.setattr(MachineClock, "__call__", MachineClock.measured)
        monkeypatch.setattr("time.time", lambda: self._wall() + self._jump + self._passed)
        monkeypatch.setattr(clock, "elapsed", lambda: self._elapsed() + self._passed)
        self.restart()

    def jump(self, seconds: float) -> None:
        """Let the wall clock jump, and have it read."""
        self._jump += seconds
        self.wait(READ_EVERY + 1)

    def wait(self, seconds: float) -> None:
        self._passed += seconds

    def restart(self) -> None:
        """Trust the wall clock as it is, as a new process does."""
        self._patch.setattr(clock, "machine_clock", MachineClock())
        clock.share(clock.machine_clock)

    def real(self) -> float:
        return self._wall() + self._passed


@pytest.fixture
def machine(monkeypatch):
    shared = clock._shared
    yield Machine(monkeypatch)
    clock.share(shared)


@pytest.fixture
def store(machine):
    opened = Store("sqlite://")
    yield opened
    opened.close()


@pytest.mark.parametrize("jump", JUMPS)
def test_the_time_goes_on_when_the_wall_clock_jumps(machine, jump):
    machine.jump(jump)

    assert current_time() == pytest.approx(machine.real(), abs=2)


def test_small_changes_of_the_wall_clock_are_followed(machine):
    machine.jump(SKEW - 1)

    assert current_time() == pytest.approx(machine.real() + SKEW - 1, abs=2)


@pytest.mark.parametrize("jump", JUMPS)
def test_lists_are_refreshed_when_they_are_old_and_not_before(machine, jump):
    cache, requests = SharedCache(), []

    def get(key: str, lifetime: float) -> None:
        cache.get(
            key, lambda: requests.append(key) or [Service(id="a")], lifetime=lambda _: lifetime
        )

    get("moving", 1.0)
    get("at rest", DAY)
    machine.jump(jump)
    get("moving", 1.0)
    get("at rest", DAY)

    assert requests == ["moving", "at rest", "moving"]
    cache.close()


@pytest.mark.parametrize("jump", JUMPS)
def test_links_work_for_as_long_as_they_should(machine, jump):
    signer = Signer("a key")
    before = signer.link("us", "one")
    machine.jump(jump)
    after = signer.link("us", "two")
    machine.wait(DAY - 60)

    assert [signer.read_link(link, "us") for link in (before, after)] == ["one", "two"]
    machine.wait(120)
    assert [signer.read_link(link, "us") for link in (before, after)] == [None, None]


def test_a_link_of_a_machine_that_is_ten_seconds_fast_is_accepted(monkeypatch):
    signer, now = Signer("a key"), int(time.time())
    monkeypatch.setattr("time.time", lambda: now + SKEW)
    forgiven = signer.link("us", "one")
    monkeypatch.setattr("time.time", lambda: now + SKEW + 1)
    from_the_future = signer.link("us", "one")
    monkeypatch.setattr("time.time", lambda: now)

    assert signer.read_link(forgiven, "us") == "one"
    assert signer.read_link(from_the_future, "us") is None


@pytest.mark.parametrize("jump", JUMPS)
def test_sessions_end_after_the_time_without_use(machine, store, jump):
    sessions = Sessions(store, hours=12.0, idle_minutes=30.0)
    profile = Profile("https://id.example", "ada", "ada@example.com", True, "Ada")
    person = store.people.sign_in(profile, None, current_time()).person.id
    cookie = sessions.start(person, "acme", Role.EDITOR, method="oidc")

    machine.jump(jump)

    assert sessions.find(cookie)
    machine.wait(31 * 60)
    assert sessions.find(cookie) is None


@pytest.mark.parametrize("jump", JUMPS)
def test_requests_leave_their_window_after_its_time(machine, jump):
    limiter, limit = Limiter(), parsed("1 per hour")
    count = {"key": (limit, "Too many.")}
    limiter.attempt(lambda counter: count_all(counter, count))

    machine.jump(jump)

    with pytest.raises(TooManyRequests):
        limiter.attempt(lambda counter: count_all(counter, count))
    machine.wait(HOUR)
    limiter.attempt(lambda counter: count_all(counter, count))


@pytest.fixture
def product(machine, sandbox):
    """Start the product; its sandbox has the right time."""
    opened = []

    def start(url: str = "sqlite://") -> runtimes.Runtime:
        opened.append(runtimes.start(account_on(sandbox, database_url=url)))
        return opened[-1]

    yield start
    for runtime in opened:
        runtime.close()


def expired_session(hours: float) -> SessionRow:
    ended = time.time() - hours * HOUR
    return SessionRow(
        id="0" * 64,
        person_id="nobody",
        tenant_id="t",
        role="editor",
        method="oidc",
        created_at=ended - 1,
        seen_at=ended - 1,
        expires_at=ended,
    )


def sessions_in(store: Store) -> int:
    with store._database.reading() as session:
        return session.query(SessionRow).count()


def run_jobs(runtime: runtimes.Runtime) -> None:
    """Run the jobs that delete something."""
    names = {"delete connectors", "clean up", "thin sync history", "work off webhooks"}
    specs = [spec for spec in runtime.jobs if spec.name in names]
    assert {spec.name for spec in specs} == names
    JobRunner(runtime.store, specs).run_due()


@pytest.mark.parametrize("restarts", [False, True], ids=["while it runs", "before it starts"])
@pytest.mark.parametrize("jump", JUMPS)
def test_nothing_is_deleted_before_its_time(
    machine, product, sandbox, tmp_path, caplog, jump, restarts
):
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"
    runtime = product(url)
    connector = runtime.portal.connectors().items[0]
    deletion = runtime.portal.operations.delete(connector.id)
    runtime.store.sessions.add(expired_session(hours=23))

    machine.jump(jump)
    if restarts:
        machine.restart()
        runtime = product(url)
        runtime.portal.connectors()
    run_jobs(runtime)

    assert connector.id in sandbox.world.connections
    assert [row.due_at for row in runtime.store.deletions.all()] == [deletion.due_at]
    assert sessions_in(runtime.store) == 1
    assert ("By Fivetran's clock" in caplog.text) is (restarts and jump > DAY)


def test_a_deletion_has_the_whole_time_to_undo_it_by_fivetrans_clock(machine, product):
    machine.jump(-DAY)
    machine.restart()
    runtime = product()
    connector = runtime.portal.connectors().items[0]

    deletion = runtime.portal.operations.delete(connector.id)

    assert deletion.due_at == pytest.approx(machine.real() - READ_EVERY - 1 + DAY, abs=60)


def test_nothing_expires_as_long_as_fivetran_has_not_said_what_time_it_is(product):
    runtime = product()
    runtime.store.sessions.add(expired_session(hours=50))

    delete_expired(runtime)
    assert sessions_in(runtime.store) == 1

    runtime.portal.connectors()
    delete_expired(runtime)
    assert sessions_in(runtime.store) == 0


def test_jobs_go_on_after_a_clock_that_was_a_day_ahead(machine, product, tmp_path):
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"
    machine.jump(DAY)
    machine.restart()
    run_jobs(product(url))
    machine.jump(-DAY)
    machine.restart()

    restarted = product(url)
    run_jobs(restarted)

    started = [job.started_at for job in restarted.store.jobs.all()]
    assert max(started) <= machine.real() + 2


@pytest.mark.parametrize("error", [600.0, -600.0], ids=["ahead", "behind"])
def test_fivetrans_time_corrects_a_wrong_clock(machine, monkeypatch, error):
    machine.jump(error)
    machine.restart()
    monkeypatch.setattr("pbf.fivetran.http.transport.machine_clock", clock.machine_clock)

    with responses.RequestsMock() as fivetran:
        fivetran.get(
            "https://api.fivetran.example/v1/account/info",
            json={"code": "Success", "data": {"account_id": "a", "account_name": "A"}},
            headers={"Date": formatdate(machine.real(), usegmt=True)},
        )
        ApiClient(Request("https://api.fivetran.example", "key", "secret")).get_account()

    assert current_time() == pytest.approx(machine.real(), abs=2)
