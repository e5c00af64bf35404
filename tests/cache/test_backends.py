"""Several processes that share one cache in a real Redis server."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from pbf import runtime as runtimes
from pbf.cache.backends import PAUSE_WHEN_DOWN, RECHECK, RedisShelf
from pbf.cache.entries import Answer
from pbf.cache.serializer import AnswerCodec
from pbf.cache.shared import SharedCache
from pbf.config import Settings, load_settings
from pbf.errors import ConfigurationError, Forbidden, ServerFailed
from pbf.fivetran.models import Connector, Service
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import account_on
from tests.support.redis_server import redis_server
from tests.support.servers import clean_environment, free_port

LIFETIME = 60.0
PATIENCE = 20
CODEC = AnswerCodec(Service, Connector)


class Clock:
    """The time for a cache."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Source:
    """What is asked: it counts, and can be held in the middle."""

    def __init__(self, *ids: str) -> None:
        self.calls = 0
        self.says(*ids)
        self.asked = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self._lock = threading.Lock()

    def says(self, *ids: str) -> None:
        self.result: list[Connector] | Exception = [connector(one) for one in ids]

    def __call__(self) -> list[Connector]:
        with self._lock:
            self.calls += 1
            result = self.result
        self.asked.set()
        assert self.open.wait(PATIENCE)
        if isinstance(result, Exception):
            raise result
        return result


def connector(name: str) -> Connector:
    return Connector.model_validate(
        {
            "id": name,
            "service": "stripe",
            "schema": f"schema_{name}",
            "created_at": "2026-01-02T03:04:05.678Z",
            "paused": None,
            "status": {
                "setup_state": "broken",
                "tasks": [{"code": "reconnect", "message": "Zürich\n→ neu"}],
            },
            "display_name": "Café → 2027",
        }
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server for the tests of this file."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """The address of that server, with nothing in it."""
    client = redis.Redis.from_url(server)
    client.flushall()
    yield server
    client.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(url: str, clock: Clock) -> Iterator[Callable[..., SharedCache]]:
    """Make caches such as other processes have."""
    made = []

    def begin(at: str = url, prefix: str = "pbf") -> SharedCache:
        shelf = RedisShelf(at, prefix=prefix, codec=CODEC)
        made.append((SharedCache(clock=clock, shelf=shelf), shelf))
        return made[-1][0]

    yield begin
    for cache, shelf in made:
        cache.close()
        shelf.close()


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source("a")
    yield made
    made.open.set()


def get(cache: SharedCache, source: Source, key: str = "key") -> Answer[Connector]:
    return cache.get(key, source, lifetime=lambda _: LIFETIME)


def ids(answer: Answer[Connector]) -> list[str]:
    return [item.id for item in answer.items]


def settle(cache: SharedCache) -> None:
    """Wait until nothing is asked behind the scenes."""
    for flight in list(cache._flights.values()):
        flight.exception(PATIENCE)


def test_what_one_process_asked_for_the_other_knows(process, source):
    here, there = process(), process()

    asked, known = get(here, source), get(there, source)

    assert asked == known
    assert known.items[0] == connector("a")
    assert source.calls == 1


def test_an_empty_list_is_shared_too(process, source):
    source.says()

    answers = [get(process(), source), get(process(), source)]

    assert [ids(answer) for answer in answers] == [[], []]
    assert answers[0].revision == answers[1].revision
    assert source.calls == 1


def test_processes_that_start_together_cost_one_request(process, source):
    caches = [process() for _ in range(4)]
    source.open.clear()

    with ThreadPoolExecutor(16) as pool:
        callers = [pool.submit(get, cache, source) for cache in caches * 4]
        assert source.asked.wait(PATIENCE)
        source.open.set()
        answers = [caller.result(PATIENCE) for caller in callers]

    assert {answer.revision for answer in answers} == {answers[0].revision}
    assert source.calls == 1


def test_what_one_process_forgets_the_other_asks_for_anew(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.says("b")

    here.forget("key")
    clock.advance(RECHECK)

    assert ids(get(there, source)) == ["b"]
    assert ids(get(here, source)) == ["b"]
    assert source.calls == 2


def test_within_the_recheck_the_own_copy_is_given_out(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.says("b")

    here.forget("key")
    clock.advance(RECHECK - 0.1)

    assert ids(get(there, source)) == ["a"]
    assert ids(get(here, source)) == ["b"]


def test_forgetting_beats_a_request_under_way_in_another_process(process, source, clock):
    here, there = process(), process()
    source.open.clear()
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(get, there, source)
        assert source.asked.wait(PATIENCE)
        here.forget("key")
        source.says("b")
        source.open.set()
        assert ids(before.result(PATIENCE)) == ["a"]
    clock.advance(RECHECK)

    assert ids(get(here, source)) == ["b"]
    assert ids(get(there, source)) == ["b"]
    assert source.calls == 2


def test_a_refresh_of_one_process_serves_the_other(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.says("b")
    clock.advance(LIFETIME + 1)

    for cache in (here, there):
        get(cache, source)
        settle(cache)

    assert [ids(get(here, source)), ids(get(there, source))] == [["b"], ["b"]]
    assert source.calls == 2


def test_a_process_that_starts_gives_out_what_lies_there_long_out_of_date_only_if_it_must(
    process, source, clock
):
    get(process(), source)
    clock.advance(LIFETIME * 100)
    source.result = ServerFailed("down")
    started = process()

    answer = get(started, source)

    assert (ids(answer), str(answer.problem)) == (["a"], "down")


def test_a_refusal_takes_away_what_the_others_would_find(process, source, clock):
    here = process()
    get(here, source)
    clock.advance(LIFETIME + 1)
    source.result = Forbidden("no")
    get(here, source)
    settle(here)

    with pytest.raises(Forbidden):
        get(process(), source)


def test_what_another_version_left_is_asked_for_anew(process, source, url):
    get(process(), source)
    with redis.Redis.from_url(url) as client:
        (name,) = (name for name in client.keys("pbf:*@*") if client.type(name) == b"string")
        head = client.get(name).partition(b"|")[0]
        client.set(name, head + b'|["Gadget", "r", 1.0, 1.0]\n[]')

    assert ids(get(process(), source)) == ["a"]
    assert source.calls == 2


def test_nothing_that_lies_there_could_be_run(process, source, url):
    get(process(), source)

    with redis.Redis.from_url(url) as client:
        (value,) = (client.get(name) for name in client.keys("pbf:*@*"))

    kept = value.partition(b"|")[2]
    assert kept.startswith(b'["Connector", ')
    assert b"schema_a" in kept


def test_accounts_with_one_redis_are_kept_apart(process, source):
    other = Source("b")

    assert ids(get(process(prefix="one"), source)) == ["a"]
    assert ids(get(process(prefix="two"), other)) == ["b"]


def test_without_redis_the_process_asks_by_itself_and_says_so_once(process, source, clock, caplog):
    cache = process(f"redis://:the-password@127.0.0.1:{free_port()}/0")

    first = get(cache, source)
    clock.advance(RECHECK)
    again = get(cache, source)
    cache.forget("key")
    source.says("b")

    assert first == again
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2
    said = [record.getMessage() for record in caplog.records if record.name == "pbf.cache.backends"]
    assert said == [
        "Redis does not answer (ConnectionError). "
        "Until it does, this process asks Fivetran by itself."
    ]
    assert "the-password" not in caplog.text


def test_when_redis_is_back_it_learns_what_was_forgotten_meanwhile(
    tmp_path, process, source, clock, monkeypatch, caplog
):
    moment = Clock()
    monkeypatch.setattr("pbf.cache.backends.time.monotonic", moment)
    port = free_port()
    with redis_server(tmp_path, port) as own:
        here = process(own)
        get(here, source)
    here.forget("key")
    source.says("b")
    assert ids(get(here, source)) == ["b"]

    moment.advance(PAUSE_WHEN_DOWN)
    clock.advance(RECHECK)
    with redis_server(tmp_path, port) as own:
        there = process(own)
        old = Source("a")
        get(there, old)
        after = get(here, source)
        clock.advance(RECHECK)
        elsewhere = get(there, source)
        settle(there)

    assert (ids(after), ids(elsewhere)) == (["b"], ["b"])
    assert "Redis answers again." in caplog.text


def test_a_change_through_one_door_shows_at_the_other(url):
    with SandboxServer() as sandbox:
        settings = account_on(sandbox, redis_url=url)
        here, there = runtimes.start(settings), runtimes.start(settings)
        before = [len(one.portal.connectors().items) for one in (here, there)]

        made = here.portal.create("stripe", "Ours", return_url="http://127.0.0.1/_/return")
        there.portal._cache._clock = lambda: here.portal._cache._clock() + RECHECK
        after = there.portal.connectors()

        here.close()
        there.close()

    assert before == [12, 12]
    assert made.id in [one.id for one in after.items]


def test_a_process_that_hangs_in_fivetran_ends_at_once(url):
    script = f"""
import threading
from pbf.cache.shared import SharedCache
from pbf.cache.serializer import AnswerCodec
from pbf.fivetran.models import Connector
from pbf.cache.backends import RedisShelf

asked = threading.Event()
cache = SharedCache(shelf=RedisShelf({url!r}, prefix="pbf", codec=AnswerCodec(Connector)))

def hang():
    asked.set()
    threading.Event().wait()

threading.Thread(
    target=lambda: cache.get("key", hang, lifetime=lambda _: 1.0), daemon=True
).start()
asked.wait()
"""

    ended = subprocess.run(
        [sys.executable, "-c", script], timeout=PATIENCE, env=clean_environment(), check=False
    )

    assert ended.returncode == 0


def test_the_setting_is_read():
    assert load_settings({"PBF_REDIS_URL": "redis://h:1/2"}, dotenv=None).redis_url == (
        "redis://h:1/2"
    )
    assert "secret" not in repr(Settings(redis_url="redis://:secret@h"))


@pytest.mark.parametrize("text", ["127.0.0.1:6379", "http://127.0.0.1:6379", "redis:/h"])
def test_what_is_no_redis_url_is_refused_with_the_settings_name(text):
    with pytest.raises(ConfigurationError, match="PBF_REDIS_URL is not a Redis URL"):
        load_settings({"PBF_REDIS_URL": text}, dotenv=None)


def test_a_redis_url_that_cannot_be_used_is_refused_without_being_shown():
    settings = Settings(
        api_key="k",
        api_secret="s",
        group_id="g",
        database_url="sqlite://",
        redis_url="redis://:the-password@host:port/0",
    )

    with pytest.raises(ConfigurationError, match="PBF_REDIS_URL cannot be used") as refusal:
        runtimes.start(settings)

    assert "the-password" not in str(refusal.value)


def test_how_much_of_a_list_could_not_be_read_is_shared_too():
    answer = Answer((connector("a"),), "r", 1.0, 2.0, unread=3)

    assert CODEC.loads(CODEC.dumps(answer)) == answer
