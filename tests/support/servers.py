"""Servers that tests start by the same commands as people, and stop by their process id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from pbf.sandbox.core.records import Connection
from pbf.sandbox.sandbox import Sandbox
from pbf.store.store import Store
from pbf.store.tables import Deletion

ROOT = Path(__file__).parents[2]
PATIENCE = 60
# Reading all 90 days takes a server the processor time of its first seconds.
SHORT_HISTORY = {"PBF_HISTORY_DETAIL_DAYS": "7"}


def free_port() -> int:
    """Return a free port, chosen by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**settings: str) -> dict[str, str]:
    """Return the environment without the developer's own settings, and with these."""
    prefixes = ("FIVETRAN_", "PBF_", "STREAMLIT_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**inherited, "PYTHONPATH": str(ROOT), **settings}


def output_of(script: str) -> str:
    """Return what a Python script prints in a process of its own; it has to end with status 0."""
    return subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@contextmanager
def running(command: list[str], folder: Path, url: str, **settings: str) -> Iterator[str]:
    """Run a command until the block ends; the block begins when its server responds at `url`.

    Its output is in `server.log` in the folder.
    """
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=clean_environment(**(SHORT_HISTORY | settings)),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(url, process, folder / "server.log")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def front_server(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a server of the system in front of ours until the block ends.

    The block begins when it listens on the port. What it prints is in `front.log` in the folder.
    """
    with (folder / "front.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until_listening(port, process, folder / "front.log")
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def dashboard(folder: Path, *, port: int = 0, **settings: str) -> Iterator[str]:
    """Run the dashboard in a folder by `streamlit run app.py`, and yield its URL."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    with running(command, folder, f"{url}/_stcore/health", **settings):
        yield url


@contextmanager
def json_api(folder: Path, **settings: str) -> Iterator[str]:
    """Run the JSON routes alone in a folder by `python -m pbf proxy`, and yield their URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["pbf", "proxy", "--port", str(port)]
    with running(command, folder, f"{url}/_/healthz", **settings):
        yield url


def wait_for_line(log: Path, sentence: str) -> None:
    """Wait until a server has logged a sentence; it may do so after it responds."""
    end = time.monotonic() + PATIENCE
    while sentence not in log.read_text():
        assert time.monotonic() < end, f"{sentence!r} is not in the log: {log.read_text()[-2000:]}"
        time.sleep(0.05)


def leave_a_deletion_due(folder: Path, connection: Connection) -> None:
    """Pause a connector, and record in a folder's database that its deletion is due."""
    connection.paused, connection.static_fields = True, None
    store = Store(f"sqlite:///{folder / 'pbf.sqlite3'}")
    store.deletions.add(
        Deletion(
            group_id=connection.group_id,
            connector_id=connection.id,
            service=connection.service,
            name=connection.schema,
            schema_name=connection.schema,
            was_paused=False,
            due_at=time.time() - 1,
        )
    )
    store.close()


def wait_until_gone(world: Sandbox, connection: Connection) -> None:
    """Wait until a server has deleted a connector; it may do so after it responds."""
    end = time.monotonic() + PATIENCE
    while connection.id in world.connections:
        assert time.monotonic() < end, f"{connection.schema} is still there"
        time.sleep(0.05)


def wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a process listens on a port; raise RuntimeError if it ends before."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on the port: {log.read_text()[-2000:]}")


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < end:
            if process.poll() is not None:
                raise RuntimeError(f"the server exited: {log.read_text()[-2000:]}")
            try:
                session.get(url, timeout=5)
                return
            except (requests.ConnectionError, requests.Timeout):
                # While a server starts, its port is the only thing to wait for.
                time.sleep(0.1)
    raise RuntimeError(f"no response at {url}: {log.read_text()[-2000:]}")
