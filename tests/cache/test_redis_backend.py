"""Several processes that share one cache in a real Redis server."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest
import redis
from pydantic import create_model

from pbf import runtime as runtimes
from pbf.cache import redis_backend
from pbf.cache.entries import CachedList, PartialList
from pbf.cache.redis_backend import RECHECK, RETRY_AFTER_FAILURE, RedisBackend
from pbf.cache.serializer import ListSerializer
from pbf.cache.shared import SharedCache
from pbf.config import Settings, load_settings
from pbf.errors import ConfigurationError, Forbidden, ServerFailed
from pbf.fivetran.models import Connector, Service
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import account_on
from tests.support.cache_source import Source, exit_status_with_a_hanging_request
from tests.support.clock import Clock
from tests.support.redis_server import redis_server
from tests.support.servers import PATIENCE, free_port

LIFETIME = 60.0
SERIALIZER = ListSerializer(Service, Connector)


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
    """The URL of that server, emptied."""
    client = redis.Redis.from_url(server)
    client.flushall()
    yield server
    client.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(url: str, clock: Clock) -> Iterator[Callable[..., SharedCache]]:
    """Create caches as in several processes."""
    opened = []

    def begin(
        at: str = url, prefix: str = "pbf", serializer: ListSerializer = SERIALIZER
    ) -> SharedCache:
        backend = RedisBackend(at, prefix=prefix, serializer=serializer)
        opened.append(SharedCache(clock=clock, backend=backend))
        return opened[-1]

    yield begin
    for cache in opened:
        cache.close()


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source(connector, "a")
    yield source
    source.release()


def get(cache: SharedCache, source: Source, key: str = "key") -> CachedList[Connector]:
    return cache.get(key, source, lifetime=lambda _: LIFETIME)


def ids(entry: CachedList[Connector]) -> list[str]:
    return [item.id for item in entry.items]


def settle(cache: SharedCache) -> None:
    """Wait until no request is running in the background."""
    for request in list(cache._requests.values()):
        request.exception(PATIENCE)


def test_processes_share_entries(process, source):
    here, there = process(), process()

    fetched, shared = get(here, source), get(there, source)

    assert fetched == shared
    assert shared.items[0] == connector("a")
    assert source.calls == 1


def test_a_list_that_is_not_shared_stays_in_its_process(process, source):
    here, there = process(), process()
    source.result = PartialList([connector("stand-in")], shared=False)

    own = get(here, source)
    source.returns("a")

    assert ids(own) == ["stand-in"]
    assert ids(get(there, source)) == ["a"]


def test_versions_whose_models_differ_share_no_list_but_forget_together(process, source, clock):
    newer = create_model("Connector", __base__=Connector, country=(str, "FR"))
    old, new = process(), process(serializer=ListSerializer(Service, newer))
    get(old, source)

    assert ids(get(new, source)) == ["a"]
    assert source.calls == 2
    source.returns("b")
    new.forget("key")
    clock.advance(RECHECK)
    assert ids(get(old, source)) == ["b"]


def test_the_shape_is_that_of_the_models_alone():
    assert ListSerializer(Service, Connector).shape == SERIALIZER.shape


def test_what_is_stored_is_compressed_and_of_this_form_only():
    items = tuple(connector(f"c{number}") for number in range(200))
    entry = CachedList(items, "revision", 1.0)

    data = SERIALIZER.dumps(entry)

    assert SERIALIZER.loads(data) == entry
    assert len(data) * 8 < len(b"".join(item.model_dump_json().encode() for item in items))
    for other in (b"", b"[1]", brotli.compress(b"[1]"), brotli.compress(b'["X", "", 0, 0, 0]')):
        with pytest.raises(ValueError, match=r"."):
            SERIALIZER.loads(other)


def test_an_entry_from_the_future_is_replaced(process, source, clock):
    clock.advance(3600)
    get(process(), source)
    clock.advance(-3600)
    source.returns("b")

    entries = [get(process(), source), get(process(), source)]

    assert [ids(entry) for entry in entries] == [["b"], ["b"]]
    assert [entry.fetched_at for entry in entries] == [clock(), clock()]
    assert source.calls == 2


def test_an_empty_list_is_shared_too(process, source):
    source.returns()

    entries = [get(process(), source), get(process(), source)]

    assert [ids(entry) for entry in entries] == [[], []]
    assert entries[0].revision == entries[1].revision
    assert source.calls == 1


def test_processes_that_start_together_cost_one_request(process, source):
    caches = [process() for _ in range(4)]
    source.block()

    with ThreadPoolExecutor(16) as pool:
        callers = [pool.submit(get, cache, source) for cache in caches * 4]
        source.wait_until_called()
        source.release()
        entries = [caller.result(PATIENCE) for caller in callers]

    assert {entry.revision for entry in entries} == {entries[0].revision}
    assert source.calls == 1


def test_forgetting_reaches_other_processes(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.returns("b")

    here.forget("key")
    clock.advance(RECHECK)

    assert ids(get(there, source)) == ["b"]
    assert ids(get(here, source)) == ["b"]
    assert source.calls == 2


def test_the_own_copy_is_served_until_the_recheck(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.returns("b")

    here.forget("key")
    clock.advance(RECHECK - 0.1)

    assert ids(get(there, source)) == ["a"]
    assert ids(get(here, source)) == ["b"]


def test_forgetting_overrides_a_running_request_of_another_process(process, source, clock):
    here, there = process(), process()
    source.block()
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(get, there, source)
        source.wait_until_called()
        here.forget("key")
        source.returns("b")
        source.release()
        assert ids(before.result(PATIENCE)) == ["a"]
    clock.advance(RECHECK)

    assert ids(get(here, source)) == ["b"]
    assert ids(get(there, source)) == ["b"]
    assert source.calls == 2


def test_a_refresh_of_one_process_serves_the_other(process, source, clock):
    here, there = process(), process()
    get(here, source)
    get(there, source)
    source.returns("b")
    clock.advance(LIFETIME + 1)

    for cache in (here, there):
        get(cache, source)
        settle(cache)

    assert [ids(get(here, source)), ids(get(there, source))] == [["b"], ["b"]]
    assert source.calls == 2


def test_a_starting_process_serves_an_old_entry_only_if_fetching_fails(process, source, clock):
    get(process(), source)
    clock.advance(LIFETIME * 100)
    source.fails(ServerFailed("down"))
    started = process()

    entry = get(started, source)

    assert (ids(entry), str(entry.problem)) == (["a"], "down")


def test_a_refusal_deletes_the_shared_entry(process, source, clock):
    here = process()
    get(here, source)
    clock.advance(LIFETIME + 1)
    source.fails(Forbidden("no"))
    get(here, source)
    settle(here)

    with pytest.raises(Forbidden):
        get(process(), source)


def test_an_entry_of_another_version_is_fetched_again(process, source, url):
    get(process(), source)
    with redis.Redis.from_url(url) as client:
        (name,) = (name for name in client.keys("pbf:*@*") if client.type(name) == b"string")
        client.set(name, b'["Gadget", "r", 1.0, 1.0]\n[]')

    assert ids(get(process(), source)) == ["a"]
    assert source.calls == 2


def test_entries_are_stored_as_compressed_json(process, source, url):
    get(process(), source)

    with redis.Redis.from_url(url) as client:
        (stored,) = (client.get(name) for name in client.keys("pbf:*@*"))

    assert brotli.decompress(stored).startswith(b'["Connector", ')
    assert b"schema_a" in brotli.decompress(stored)


def test_accounts_in_one_redis_are_separate(process, source):
    second_source = Source(connector, "b")

    assert ids(get(process(prefix="one"), source)) == ["a"]
    assert ids(get(process(prefix="two"), second_source)) == ["b"]


def test_without_redis_the_process_fetches_itself_and_logs_once(process, source, clock, caplog):
    cache = process(f"redis://:the-password@127.0.0.1:{free_port()}/0")

    first = get(cache, source)
    clock.advance(RECHECK)
    again = get(cache, source)
    cache.forget("key")
    source.returns("b")

    assert first == again
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2
    messages = [
        record.getMessage() for record in caplog.records if record.name == "pbf.cache.redis_backend"
    ]
    assert messages == [
        "Redis does not answer (ConnectionError). "
        "Until it does, this process calls Fivetran itself."
    ]
    assert "the-password" not in caplog.text


def test_forgotten_keys_reach_redis_when_it_is_back(
    tmp_path, process, source, clock, monkeypatch, caplog
):
    moment = Clock()
    monkeypatch.setattr("pbf.cache.redis_backend.time.monotonic", moment)
    port = free_port()
    with redis_server(tmp_path, port) as own:
        here = process(own)
        get(here, source)
    here.forget("key")
    source.returns("b")
    assert ids(get(here, source)) == ["b"]

    moment.advance(RETRY_AFTER_FAILURE)
    clock.advance(RECHECK)
    with redis_server(tmp_path, port) as own:
        there = process(own)
        old = Source(connector, "a")
        get(there, old)
        after = get(here, source)
        clock.advance(RECHECK)
        elsewhere = get(there, source)
        settle(there)

    assert (ids(after), ids(elsewhere)) == (["b"], ["b"])
    assert "Redis answers again." in caplog.text


def test_a_change_in_one_process_shows_in_the_other(url):
    with SandboxServer() as sandbox:
        settings = account_on(sandbox, redis_url=url)
        here, there = runtimes.start(settings), runtimes.start(settings)
        before = [len(runtime.portal.connectors().items) for runtime in (here, there)]

        created = here.portal.create("stripe", "Ours", public_url="http://127.0.0.1")
        there.portal._cache._clock = lambda: here.portal._cache._clock() + RECHECK
        after = there.portal.connectors()

        here.close()
        there.close()

    assert before == [12, 12]
    assert created.id in [connector.id for connector in after.items]


def test_a_process_with_a_hanging_request_can_exit(url):
    create = f"""
from pbf.cache.redis_backend import RedisBackend
from pbf.cache.serializer import ListSerializer
from pbf.fivetran.models import Connector

serializer = ListSerializer(Connector)
cache = SharedCache(backend=RedisBackend({url!r}, prefix="pbf", serializer=serializer))
"""

    assert exit_status_with_a_hanging_request(create) == 0


def test_the_setting_is_read():
    assert load_settings({"PBF_REDIS_URL": "redis://h:1/2"}, dotenv=None).redis_url == (
        "redis://h:1/2"
    )
    assert "secret" not in repr(Settings(redis_url="redis://:secret@h"))


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1:6379", "http://127.0.0.1:6379", "redis:/h"),
        "redis://:the-password@host:port/0",
    ],
)
def test_an_invalid_redis_url_is_refused_without_being_shown(text):
    settings = Settings(
        api_key="k", api_secret="s", group_id="g", database_url="sqlite://", redis_url=text
    )

    with pytest.raises(ConfigurationError, match="PBF_REDIS_URL cannot be used") as refusal:
        runtimes.start(settings)

    assert text not in str(refusal.value)
    assert "the-password" not in str(refusal.value)


def test_the_number_of_unreadable_items_is_shared():
    entry = CachedList((connector("a"),), "r", 1.0, 2.0, unread=3)

    assert SERIALIZER.loads(SERIALIZER.dumps(entry)) == entry


def test_the_lock_lasts_seconds_and_is_renewed_while_its_holder_works(url, monkeypatch):
    monkeypatch.setattr(redis_backend, "EXTEND_EVERY", 0.001)
    backend = RedisBackend(url, prefix="p", serializer=SERIALIZER)
    client = redis.Redis.from_url(url)

    with backend.lock("key"):
        begun = client.pttl("p:lock:key")
        client.pexpire("p:lock:key", 5_000)  # as if seven seconds had passed
        end = time.monotonic() + PATIENCE
        while client.pttl("p:lock:key") <= 5_000:
            assert time.monotonic() < end

    assert 0 < begun <= 15_000
    assert not client.exists("p:lock:key")
    client.close()
    backend.close()
