from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import responses

from pbf import runtime as runtimes
from pbf.commands.command_line import doctor
from pbf.commands.doctor import _encryption, run_checks
from pbf.commands.results import Result
from pbf.config import Settings
from pbf.errors import ConfigurationError, StoreFailed
from pbf.runtime import Runtime
from pbf.runtime.jobs import warn_of_other_processes
from pbf.store.store import Store
from tests.support.accounts import API
from tests.support.stores import add_entry

ACCOUNT = f"{API}/v1/account/info"
GROUP = f"{API}/v1/groups/our_group"
DESTINATION = f"{API}/v1/destinations/our_group"
SUBJECTS = ["settings", "key", "group", "destination", "rate limit", "public URL"]
SUBJECTS += ["proxies", "files", "encryption", "audit spool", "processes", "webhooks", "sign-in"]


def results(runtime: Runtime) -> dict[str, Result]:
    return {result.subject: result for result in run_checks(lambda: runtime)}


def answer_well(api: responses.RequestsMock, **replies: dict) -> None:
    """Answer as for a valid account, except for the given replies."""
    account = {"json": {"data": {"account_id": "acme_id", "account_name": "Acme"}}}
    group = {"json": {"data": {"id": "our_group", "name": "Warehouse"}}}
    destination = {
        "json": {"data": {"id": "our_group", "service": "snowflake", "setup_status": "CONNECTED"}}
    }
    api.get(ACCOUNT, **replies.get("account", account))
    api.get(GROUP, **replies.get("group", group))
    api.get(DESTINATION, **replies.get("destination", destination))


def test_a_valid_account_passes_every_check(runtime: Runtime, sandbox):
    checks = results(runtime)

    assert list(checks) == SUBJECTS
    assert all(result.ok for result in checks.values())
    assert checks["settings"].text == f"complete, using {sandbox.url}"
    assert checks["key"].text == "accepted, account Sandbox"
    assert checks["group"].text == "sandy_harbour (Sandbox_Warehouse)"
    assert "connected" in checks["destination"].text
    assert checks["rate limit"].text == "19997 of 20000 requests left in this hour"
    assert checks["public URL"].text.endswith("answers only for localhost, 127.0.0.1")


def test_the_embedded_sandbox_is_named():
    started = runtimes.start(Settings())

    checks = results(started)

    assert checks["settings"].text == "complete, using the embedded sandbox"
    assert all(result.ok for result in checks.values())
    started.close()


def test_invalid_settings_are_the_only_result():
    def refuse() -> Runtime:
        raise ConfigurationError("FIVETRAN_API_SECRET is not set.")

    checks = list(run_checks(refuse))

    assert checks == [Result("settings", False, "FIVETRAN_API_SECRET is not set.")]


def test_a_wrong_key_is_reported(remote: Runtime, api):
    refused = {"status": 401, "json": {}}
    answer_well(api, account=refused, group=refused, destination=refused)

    checks = results(remote)

    assert not checks["key"].ok
    assert "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET." in checks["key"].text
    assert not checks["group"].ok


@pytest.mark.parametrize("status", [403, 404])
def test_a_wrong_group_is_reported_with_its_id(remote: Runtime, api, status: int):
    answer_well(api, group={"status": status, "json": {}})

    checks = results(remote)

    assert not checks["group"].ok
    assert checks["group"].text.startswith("our_group does not exist or is not visible")
    assert checks["key"].ok


@pytest.mark.parametrize("status", [403, 404])
def test_a_group_without_a_destination_is_reported(remote: Runtime, api, status: int):
    answer_well(api, destination={"status": status, "json": {}})

    checks = results(remote)

    assert not checks["destination"].ok
    assert "without one nothing syncs" in checks["destination"].text


@pytest.mark.parametrize(
    ("status", "is_good", "text"),
    [
        ("connected", True, "snowflake, connected"),
        ("CONNECTED", True, "snowflake, connected"),
        ("incomplete", False, "snowflake, incomplete"),
        ("", False, "snowflake, of unknown status"),
    ],
)
def test_the_set_up_of_the_destination_is_checked(
    remote: Runtime, api, status: str, is_good: bool, text: str
):
    answer = {"id": "our_group", "service": "snowflake", "setup_status": status}
    answer_well(api, destination={"json": {"data": answer}})

    checks = results(remote)

    assert (checks["destination"].ok, checks["destination"].text) == (is_good, text)


def test_an_unknown_rate_limit_is_no_failure(remote: Runtime, api):
    answer_well(api)

    limit = results(remote)["rate limit"]

    assert (limit.ok, limit.text) == (True, "Fivetran does not report how many requests are left")


def test_an_exhausted_rate_limit_is_reported(runtime: Runtime, sandbox):
    sandbox.world.limits.hourly = 3

    limit = results(runtime)["rate limit"]

    assert (limit.ok, limit.text) == (False, "0 of 3 requests left in this hour")


def test_an_unreachable_fivetran_is_reported_for_each_subject(runtime: Runtime, sandbox):
    sandbox.stop()

    checks = results(runtime)

    for subject in ("key", "group", "destination"):
        assert not checks[subject].ok
        assert "Fivetran cannot be reached." in checks[subject].text


@pytest.mark.parametrize(
    ("url", "is_good", "text"),
    [
        pytest.param("https://connect.example", True, "https://connect.example", id="https"),
        pytest.param("http://localhost:8501", True, "http://localhost:8501", id="loopback"),
        pytest.param("http://connect.example", False, "is not https", id="http"),
        pytest.param("https://connect.example/app", True, "https://connect.example/app", id="path"),
    ],
)
def test_the_public_url_is_checked(remote: Runtime, api, url: str, is_good: bool, text: str):
    answer_well(api)

    checks = results(replace(remote, settings=replace(remote.settings, public_url=url)))

    assert checks["public URL"].ok is is_good
    assert text in checks["public URL"].text


@pytest.mark.parametrize(
    ("url", "number", "is_warning", "text"),
    [
        pytest.param(None, 0, False, "is ignored", id="this-machine"),
        pytest.param("https://connect.example", 2, False, "2 trusted", id="counted"),
        pytest.param("https://connect.example", 0, True, "count as one client", id="not-counted"),
        pytest.param("http://localhost:8501", 1, True, "can choose the address", id="no-proxy"),
    ],
)
def test_the_number_of_proxies_is_compared_with_the_address(
    remote: Runtime, api, url: str | None, number: int, is_warning: bool, text: str
):
    answer_well(api)
    settings = replace(remote.settings, public_url=url, trusted_proxies=number)

    check = results(replace(remote, settings=settings))["proxies"]

    assert check.warning is is_warning
    assert text in check.text


def test_the_command_prints_each_line_and_succeeds(runtime: Runtime, sandbox, capsys):
    status = doctor()

    printed = capsys.readouterr().out
    assert status == 0
    assert [line[:3] for line in printed.splitlines()] == ["ok "] * len(SUBJECTS)
    assert sandbox.world.api_key not in printed
    assert sandbox.world.api_secret not in printed


def test_the_command_fails_if_a_check_fails(runtime: Runtime, sandbox, capsys):
    sandbox.world.destinations[sandbox.world.group_id].setup_status = "incomplete"

    status = doctor()

    bad = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BAD")]
    assert status == 1
    assert [line.split()[1] for line in bad] == ["destination"]


def test_secrets_that_fivetran_quotes_are_not_printed(remote: Runtime, api, capsys):
    refusal = {"status": 401, "json": {"message": "the-key with the-secret is wrong"}}
    answer_well(api, account=refusal, group=refusal, destination=refusal)
    runtimes.use(remote)

    status = doctor()

    printed = capsys.readouterr().out
    assert status == 1
    assert "the-key" not in printed
    assert "the-secret" not in printed


def test_no_control_or_direction_character_is_printed(remote: Runtime, api, capsys):
    named = {"account_id": "a", "account_name": "Ac\u202eme\x1b[2J\nok  group\ud800"}
    answer_well(api, account={"json": {"data": named}})
    runtimes.use(remote)

    assert doctor() == 0

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(SUBJECTS)
    assert all(line.isprintable() for line in printed)


def test_files_that_others_can_read_cause_a_warning(runtime: Runtime, capsys):
    env = Path(".env")
    env.write_text("PBF_TIMEOUT=9")
    env.chmod(0o644)

    check = results(runtime)["files"]
    env.chmod(0o600)

    assert (check.ok, check.warning) == (True, True)
    assert check.text == "other users of this machine can read .env. Run: chmod 600 .env"
    assert str(check).startswith("WARN")
    assert not results(runtime)["files"].warning


def test_a_settings_file_that_others_can_read_is_logged_once(caplog):
    env = Path(".env")
    env.write_text("PBF_TIMEOUT=9")
    env.chmod(0o640)

    started = runtimes.runtime()
    assert runtimes.runtime() is started

    lines = [record.getMessage() for record in caplog.records if ".env" in record.getMessage()]
    assert lines == ["Other users of this machine can read .env. Run: chmod 600 .env"]
    started.close()


@pytest.mark.parametrize(
    ("setting", "url", "warns"),
    [
        ("database_url", "postgresql://me:x@db.example/a", True),
        ("database_url", "postgresql+psycopg://me:x@db.example/a?sslmode=prefer", True),
        ("database_url", "postgresql:///a?host=db.example", True),
        ("database_url", "postgresql://me:x@db.example/a?sslmode=verify-full", False),
        ("database_url", "postgresql://me:x@127.0.0.1/a", False),
        ("database_url", "postgresql:///a?host=/run/postgresql", False),
        ("database_url", "sqlite:///kept.sqlite3", False),
        ("redis_url", "redis://:x@cache.example/0", True),
        ("redis_url", "rediss://:x@cache.example/0", False),
        ("redis_url", "redis://localhost/0", False),
        ("redis_url", "unix:///run/redis.sock", False),
    ],
)
def test_a_connection_to_another_host_without_tls_causes_a_warning(setting, url, warns):
    check = _encryption(Settings(**{setting: url}))

    assert (check.ok, check.warning) == (True, warns)
    assert ":x@" not in check.text


def test_a_spool_that_cannot_be_written_is_a_warning(runtime: Runtime, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "spool"
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", spool=folder)

    spool = results(replace(runtime, store=store))["audit spool"]

    assert spool.warning
    assert spool.text == f"{folder} cannot be written. Set PBF_AUDIT_SPOOL to a folder that can be."
    store.close()


def test_entries_that_wait_in_the_spool_are_a_warning(runtime: Runtime, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server, store = Store(url, spool=tmp_path), Store(url, spool=tmp_path)

    def fail(*_: object) -> None:
        raise StoreFailed("away")

    monkeypatch.setattr(server.audit, "_store", fail)
    add_entry(server, "page", "pause", "one", "one", "done", group_id="g")
    server.close()

    spool = results(replace(runtime, store=store))["audit spool"]

    assert (spool.warning, spool.text[:15]) == (True, "1 entries wait ")
    store.close()


@pytest.mark.parametrize("redis_url", [None, "redis://127.0.0.1"], ids=["alone", "redis"])
def test_several_processes_without_a_shared_cache_are_a_warning(
    runtime: Runtime, postgres_database, redis_url, caplog
):
    store = Store(postgres_database)
    settings = replace(runtime.settings, redis_url=redis_url)
    own = replace(runtime, store=store, settings=settings)
    servers = [
        psycopg.connect(postgres_database, application_name=f"pbf {number} host", autocommit=True)
        for number in (1, 2)
    ]

    processes = results(own)["processes"]
    warn_of_other_processes(own)

    assert processes.warning == (redis_url is None)
    assert processes.text.startswith("2 use the database")
    assert ("PBF_REDIS_URL is not set" in caplog.text) == (redis_url is None)
    # Its connection is listed until PostgreSQL has ended it, which may be after `close`.
    ended = servers.pop()
    servers[0].execute("SELECT pg_terminate_backend(%s, 60000)", [ended.info.backend_pid])
    assert not results(own)["processes"].warning
    for server in (ended, *servers):
        server.close()
    store.close()
