from dataclasses import replace
from pathlib import Path

import pytest
import responses

from pbf import runtime as runtimes
from pbf.__main__ import doctor
from pbf.commands.doctor import Finding, _encryption, examine
from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.runtime import Runtime
from tests.support.accounts import API

ACCOUNT = f"{API}/v1/account/info"
GROUP = f"{API}/v1/groups/our_group"
DESTINATION = f"{API}/v1/destinations/our_group"
SUBJECTS = ["settings", "key", "group", "destination", "rate limit", "public URL"]
SUBJECTS += ["files", "encryption"]


def findings(runtime: Runtime) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(lambda: runtime)}


def good(api: responses.RequestsMock, **replies: dict) -> None:
    """Answer as a sound account does, except where told otherwise."""
    account = {"json": {"data": {"account_id": "acme_id", "account_name": "Acme"}}}
    group = {"json": {"data": {"id": "our_group", "name": "Warehouse"}}}
    destination = {
        "json": {"data": {"id": "our_group", "service": "snowflake", "setup_status": "CONNECTED"}}
    }
    api.get(ACCOUNT, **replies.get("account", account))
    api.get(GROUP, **replies.get("group", group))
    api.get(DESTINATION, **replies.get("destination", destination))


def test_a_sound_account_has_nothing_but_good_lines(house: Runtime, sandbox):
    found = findings(house)

    assert list(found) == SUBJECTS
    assert all(finding.good for finding in found.values())
    assert found["settings"].text == f"complete, using {sandbox.url}"
    assert found["key"].text == "accepted, account Sandbox"
    assert found["group"].text == "sandy_harbour (Sandbox_Warehouse)"
    assert "connected" in found["destination"].text
    assert found["rate limit"].text == "19997 of 20000 requests left in this hour"
    assert found["public URL"].text.endswith("answered for localhost, 127.0.0.1 only")


def test_the_embedded_sandbox_is_named():
    started = runtimes.start(Settings())

    found = findings(started)

    assert found["settings"].text == "complete, using the embedded sandbox"
    assert all(finding.good for finding in found.values())
    started.close()


def test_settings_that_are_not_right_are_the_only_line():
    def refuse() -> Runtime:
        raise ConfigurationError("FIVETRAN_API_SECRET is not set.")

    found = list(examine(refuse))

    assert found == [Finding("settings", False, "FIVETRAN_API_SECRET is not set.")]


def test_a_wrong_key_is_told(remote: Runtime, api):
    refused = {"status": 401, "json": {}}
    good(api, account=refused, group=refused, destination=refused)

    found = findings(remote)

    assert not found["key"].good
    assert "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET." in found["key"].text
    assert not found["group"].good


@pytest.mark.parametrize("status", [403, 404])
def test_a_wrong_group_is_told_by_its_id(remote: Runtime, api, status: int):
    good(api, group={"status": status, "json": {}})

    found = findings(remote)

    assert not found["group"].good
    assert found["group"].text.startswith("our_group does not exist or is not visible")
    assert found["key"].good


@pytest.mark.parametrize("status", [403, 404])
def test_a_group_without_a_destination_is_told(remote: Runtime, api, status: int):
    good(api, destination={"status": status, "json": {}})

    found = findings(remote)

    assert not found["destination"].good
    assert "nothing syncs without one" in found["destination"].text


@pytest.mark.parametrize(
    ("status", "is_good", "text"),
    [
        ("connected", True, "snowflake, connected"),
        ("CONNECTED", True, "snowflake, connected"),
        ("incomplete", False, "snowflake, incomplete"),
        ("", False, "snowflake, of unknown status"),
    ],
)
def test_the_destinations_own_set_up_counts(
    remote: Runtime, api, status: str, is_good: bool, text: str
):
    answer = {"id": "our_group", "service": "snowflake", "setup_status": status}
    good(api, destination={"json": {"data": answer}})

    found = findings(remote)

    assert (found["destination"].good, found["destination"].text) == (is_good, text)


def test_an_api_that_does_not_tell_its_limit_is_not_held_against_it(remote: Runtime, api):
    good(api)

    limit = findings(remote)["rate limit"]

    assert (limit.good, limit.text) == (True, "Fivetran did not say how many requests are left")


def test_a_limit_that_is_used_up_is_told(house: Runtime, sandbox):
    sandbox.world.rate_limit = 3

    limit = findings(house)["rate limit"]

    assert (limit.good, limit.text) == (False, "0 of 3 requests left in this hour")


def test_a_fivetran_that_cannot_be_reached_is_told_for_each_line(house: Runtime, sandbox):
    sandbox.stop()

    found = findings(house)

    for subject in ("key", "group", "destination"):
        assert not found[subject].good
        assert "Fivetran cannot be reached." in found[subject].text


@pytest.mark.parametrize(
    ("url", "is_good", "text"),
    [
        pytest.param("https://connect.example", True, "https://connect.example", id="https"),
        pytest.param("http://localhost:8501", True, "http://localhost:8501", id="loopback"),
        pytest.param("http://connect.example", False, "is not https", id="http"),
        pytest.param("https://connect.example/app", False, "has a path", id="path"),
    ],
)
def test_the_public_url_is_looked_at(remote: Runtime, api, url: str, is_good: bool, text: str):
    good(api)

    found = findings(replace(remote, settings=replace(remote.settings, public_url=url)))

    assert found["public URL"].good is is_good
    assert text in found["public URL"].text


def test_the_command_prints_each_line_and_succeeds(house: Runtime, sandbox, capsys):
    status = doctor()

    printed = capsys.readouterr().out
    assert status == 0
    assert [line[:3] for line in printed.splitlines()] == ["ok "] * len(SUBJECTS)
    assert sandbox.world.api_key not in printed
    assert sandbox.world.api_secret not in printed


def test_the_command_fails_if_one_line_is_bad(house: Runtime, sandbox, capsys):
    sandbox.world.destinations[sandbox.world.group_id].setup_status = "incomplete"

    status = doctor()

    bad = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BAD")]
    assert status == 1
    assert [line.split()[1] for line in bad] == ["destination"]


def test_what_fivetran_quotes_of_the_secrets_is_not_printed(remote: Runtime, api, capsys):
    said = {"status": 401, "json": {"message": "the-key with the-secret is wrong"}}
    good(api, account=said, group=said, destination=said)
    runtimes.use(remote)

    status = doctor()

    printed = capsys.readouterr().out
    assert status == 1
    assert "the-key" not in printed
    assert "the-secret" not in printed


def test_no_control_or_direction_character_is_printed(remote: Runtime, api, capsys):
    named = {"account_id": "a", "account_name": "Ac\u202eme\x1b[2J\nok  group\ud800"}
    good(api, account={"json": {"data": named}})
    runtimes.use(remote)

    assert doctor() == 0

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(SUBJECTS)
    assert all(line.isprintable() for line in printed)


def test_files_that_others_can_read_are_warned_of(house: Runtime, capsys):
    env = Path(".env")
    env.write_text("PBF_TIMEOUT=9")
    env.chmod(0o644)

    warned = findings(house)["files"]
    env.chmod(0o600)

    assert (warned.good, warned.warning) == (True, True)
    assert warned.text == "other users of this machine can read .env. Run: chmod 600 .env"
    assert str(warned).startswith("WARN")
    assert not findings(house)["files"].warning


def test_a_settings_file_that_others_can_read_is_logged_once(caplog):
    env = Path(".env")
    env.write_text("PBF_TIMEOUT=9")
    env.chmod(0o640)

    started = runtimes.runtime()
    assert runtimes.runtime() is started

    lines = [one.getMessage() for one in caplog.records if ".env" in one.getMessage()]
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
def test_a_connection_to_another_host_without_tls_is_warned_of(setting, url, warns):
    found = _encryption(Settings(**{setting: url}))

    assert (found.good, found.warning) == (True, warns)
    assert ":x@" not in found.text
