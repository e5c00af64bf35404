"""Shutdown while Fivetran does not answer."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.support.servers import PATIENCE, ROOT, clean_environment, free_port
from tests.support.variants import exhaustive


class Hanging:
    """A Fivetran that accepts requests and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._callers: list[socket.socket] = []
        self.received = threading.Semaphore(0)
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            self._callers.append(caller)
            caller.recv(1)
            self.received.release()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for caller in self._callers:
            caller.close()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    fivetran = Hanging()
    yield fivetran
    fivetran.close()


@contextmanager
def server(kind: str, folder: Path, fivetran: str) -> Iterator[tuple[str, subprocess.Popen]]:
    port = free_port()
    command = {
        "dashboard": ["streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)],
        "routes-alone": ["pbf", "proxy", "--port", str(port)],
    }[kind]
    settings = {
        "FIVETRAN_API_URL": fivetran,
        "FIVETRAN_API_KEY": "k",
        "FIVETRAN_API_SECRET": "s",
        "FIVETRAN_GROUP_ID": "g",
        "PBF_DATABASE_URL": "sqlite://",
        # A thread that waited for the answer would outlast the test.
        "PBF_TIMEOUT": "600",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=clean_environment(STREAMLIT_SERVER_HEADLESS="true", **settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
            process.wait()


def wait_until_up(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            requests.get(f"{url}/_/healthz", timeout=PATIENCE)
            return
        except requests.ConnectionError:
            # A server that is starting offers nothing to wait on but its port.
            time.sleep(0.1)
    raise AssertionError("the server does not start")


def call(url: str, answers: list[requests.Response]) -> threading.Thread:
    def ask() -> None:
        try:
            answers.append(requests.get(url, timeout=PATIENCE))
        except requests.ConnectionError:
            return

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("dashboard", signal.SIGINT, id="dashboard-ctrl-c"),
        exhaustive("dashboard", signal.SIGTERM, id="dashboard-sigterm"),
        exhaustive("routes-alone", signal.SIGINT, id="routes-alone-ctrl-c"),
        pytest.param("routes-alone", signal.SIGTERM, id="routes-alone-sigterm"),
    ],
)
def test_requests_that_wait_for_fivetran_do_not_delay_the_shutdown(kind, number, tmp_path, hanging):
    answers: list[requests.Response] = []
    with server(kind, tmp_path, hanging.url) as (url, process):
        wait_until_up(url)
        callers = [call(f"{url}/_/{name}", answers) for name in ("services", "connectors")]
        for _ in callers:
            assert hanging.received.acquire(timeout=PATIENCE)

        process.send_signal(number)
        process.wait(PATIENCE)
        for caller in callers:
            caller.join()

    assert {answer.status_code for answer in answers} <= {502}


def test_ctrl_c_ends_a_process_whose_threads_still_run(tmp_path):
    script = """
import signal, threading
from pbf.server.shutdown import call_on_shutdown

stuck = threading.Event()
threading.Thread(target=stuck.wait).start()
call_on_shutdown(lambda: print("called", flush=True))
print("ready", flush=True)
signal.pause()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=clean_environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    assert output == "called\n"
    assert process.returncode == 130


SERVER = """
import sys
from pbf.server import waitress_server
from pbf.server.shutdown import call_on_shutdown

waitress_server.LEAVING = 600.0

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

def on_start(stop_listening):
    call_on_shutdown(drain=600.0, stop_listening=stop_listening)
    print("ready", flush=True)

waitress_server.serve(app, "127.0.0.1", int(sys.argv[1]), on_start=on_start)
"""


def test_a_process_that_ends_refuses_new_connections_and_answers_the_open_ones():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(port)],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while process.stdout.readline() != "ready\n":
        assert process.poll() is None
    opened = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    before = ask(opened)

    process.send_signal(signal.SIGTERM)
    wait_until_refused(port)
    after = ask(opened)
    process.communicate(timeout=PATIENCE)

    assert (before, after) == ((200, None), (200, "close"))
    assert process.returncode == 0


def ask(connection: HTTPConnection) -> tuple[int, str | None]:
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("Connection")


def wait_until_refused(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)  # a port offers nothing to wait on
    raise AssertionError("it still takes new connections")
