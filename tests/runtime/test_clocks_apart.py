"""Real processes on PostgreSQL and Redis; the wall clock of one of them jumps while it runs."""

import shutil
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from pbf.sandbox.server import SandboxServer
from pbf.signed_links import DAY, Signer
from pbf.store.store import Store
from tests.support.redis_server import redis_server
from tests.support.requirements import require_package
from tests.support.servers import PATIENCE, json_api

pytestmark = pytest.mark.exhaustive

KEY = "a-signing-key-that-both-processes-share"
LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@pytest.fixture
def fake_clock(tmp_path) -> tuple[dict[str, str], Callable[[float], object]]:
    """The environment of a process with a clock of its own, and a function that lets it jump."""
    library = next(map(str, Path("/").glob(LIBRARIES[1:])), None)
    require_package(shutil.which("faketime") and library, "faketime", "faketime")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return environment, lambda seconds: offset.write_text(f"{seconds:+.0f}")


@pytest.fixture
def two(tmp_path, postgres_database, sandbox, fake_clock):
    """The addresses of a process whose clock is right, and of one whose clock will jump."""
    for name in ("right", "wrong", "redis"):
        (tmp_path / name).mkdir()
    with redis_server(tmp_path / "redis") as redis_url:
        settings = {
            "FIVETRAN_API_URL": sandbox.url,
            "FIVETRAN_API_KEY": sandbox.world.api_key,
            "FIVETRAN_API_SECRET": sandbox.world.api_secret,
            "FIVETRAN_GROUP_ID": sandbox.world.group_id,
            "PBF_DATABASE_URL": postgres_database,
            "PBF_REDIS_URL": redis_url,
            "PBF_SIGNING_KEY": KEY,
        }
        with (
            json_api(tmp_path / "right", **settings) as right,
            json_api(tmp_path / "wrong", **settings, **fake_clock[0]) as wrong,
        ):
            yield right, wrong


def test_a_process_whose_clock_jumps_works_with_the_others_as_before(
    two, fake_clock, sandbox: SandboxServer, postgres_database
):
    right, wrong = two
    first, second, third = ids = list(states(right))[:3]
    link = Signer(KEY).link(sandbox.world.group_id, first)
    states(wrong)
    hidden = requests.delete(f"{right}/_/connectors/{third}", timeout=PATIENCE)
    assert hidden.status_code == 200, hidden.text

    for jump in (600.0, -3600.0, DAY + 3600.0):
        fake_clock[1](jump)
        assert wall_clock(wrong) - time.time() == pytest.approx(jump, abs=60)

        assert seconds_until_seen(wrong, right, first, paused=not states(right)[first]) < 15
        assert seconds_until_seen(right, wrong, second, paused=not states(right)[second]) < 15
        card = requests.get(f"{wrong}/_/go/{link}", timeout=PATIENCE, allow_redirects=False)
        assert card.headers["Location"].startswith(sandbox.url)
    wait_until_deletions_were_looked_at(postgres_database)
    assert set(ids) <= sandbox.world.connections.keys()


def wall_clock(server: str) -> float:
    """Return the time of a process's machine, which its web server puts into each response."""
    response = requests.get(f"{server}/_/healthz", timeout=PATIENCE)
    return parsedate_to_datetime(response.headers["Date"]).timestamp()


def states(server: str) -> dict[str, bool]:
    """Return whether each connector is paused, as a process shows it."""
    response = requests.get(f"{server}/_/connectors", timeout=PATIENCE)
    assert response.status_code == 200, response.text
    return {item["id"]: item["paused"] for item in response.json()}


def seconds_until_seen(here: str, there: str, connector_id: str, *, paused: bool) -> float:
    """Pause or resume a connector by one process, and wait until another one shows it."""
    response = requests.patch(
        f"{here}/_/connectors/{connector_id}", json={"paused": paused}, timeout=PATIENCE
    )
    assert response.status_code == 200, response.text
    start = time.monotonic()
    while states(there)[connector_id] is not paused:
        assert time.monotonic() < start + PATIENCE, "the change was not seen"
        time.sleep(0.1)
    return time.monotonic() - start


def wait_until_deletions_were_looked_at(url: str) -> None:
    """Wait until one of the processes has looked for deletions that are due."""
    store, begun = Store(url), time.time()
    while True:
        job = store.jobs.find("", "delete connectors")
        if job and (job.succeeded_at or 0.0) > begun:
            break
        assert time.time() < begun + PATIENCE, "the job did not run"
        time.sleep(0.1)
    store.close()
