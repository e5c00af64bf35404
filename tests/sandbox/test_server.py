"""The sandbox over real HTTP: persistent and concurrent connections, shutdown, logging."""

import logging
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from pbf.sandbox.server import SandboxServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server():
    with SandboxServer() as running:
        yield running


def run(code):
    """Start a Python program in a process of its own, and read its output here."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture
def session(server):
    with requests.Session() as opened:
        opened.auth = (server.world.api_key, server.world.api_secret)
        yield opened


def create_body(server, schema):
    return {
        "group_id": server.world.group_id,
        "service": "hubspot",
        "config": {"schema": schema},
        "run_setup_tests": False,
        "connect_card_config": {"redirect_uri": "https://a.example"},
    }


def test_a_connection_stays_open_after_refusals_and_bodies(server):
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
        stream = connection.makefile("rb")
        statuses = []
        for head, body in (
            ("POST /v1/groups HTTP/1.1", b'{"name": "x"}'),
            ("GET /v1/account/info HTTP/1.1", b""),
            ("GET /icons/hubspot.svg HTTP/1.1", b""),
        ):
            lines = f"{head}\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(lines.encode() + body)
            statuses.append(int(stream.readline().split()[1]))
            length = 0
            while (line := stream.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            stream.read(length)
        stream.close()

    assert statuses == [401, 401, 200]


def test_links_contain_the_port_of_the_server(server, session):
    created = session.post(f"{server.url}/v1/connections", json=create_body(server, "a")).json()

    uri = created["data"]["connect_card"]["uri"]

    assert uri.startswith(f"{server.url}/connect-card/setup?")
    assert session.get(uri).status_code == 200


def test_one_of_several_concurrent_creations_of_a_name_succeeds(server):
    key = (server.world.api_key, server.world.api_secret)

    def create(_):
        body = create_body(server, "same_name")
        return requests.post(f"{server.url}/v1/connections", json=body, auth=key).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(create, range(16)))

    assert sorted(statuses) == [201] + [400] * 15


def test_a_body_too_large_is_refused_and_the_connection_closed(server, session):
    answer = session.post(f"{server.url}/v1/groups", json={"name": "x" * 1_100_000})

    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"
    assert session.get(f"{server.url}/v1/groups").status_code == 200


def test_a_body_in_chunks_is_understood(server, session):
    chunks = iter([b'{"name":', b' "chunked"}'])
    headers = {"Content-Type": "application/json"}

    answer = session.post(f"{server.url}/v1/groups", data=chunks, headers=headers)

    assert answer.json()["data"]["name"] == "chunked"


def test_a_stopped_sandbox_does_not_answer_on_an_open_connection(server, session):
    session.get(f"{server.url}/v1/groups")

    server.stop()

    with pytest.raises(requests.ConnectionError):
        session.get(f"{server.url}/v1/groups")


def test_a_taken_port_raises_oserror(server):
    with pytest.raises(OSError, match="in use"):
        SandboxServer(port=int(server.url.rpartition(":")[2]))


def test_the_log_names_requests_without_tokens_and_keys(server, session, caplog):
    caplog.set_level(logging.DEBUG, logger="pbf.sandbox")
    created = session.post(f"{server.url}/v1/connections", json=create_body(server, "a")).json()
    card = created["data"]["connect_card"]
    session.get(card["uri"])
    session.get(f"{server.url}/v1/groups")

    text = caplog.text

    assert "GET /connect-card/setup 200" in text
    assert card["token"] not in text
    assert server.world.api_secret not in text
    assert "Basic" not in text


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_four_settings_and_ends_cleanly(ending):
    with run("from pbf.sandbox.server import main; main('127.0.0.1', 0)") as process:
        lines = [process.stdout.readline().strip() for _ in range(4)]
        values = dict(line.split("=", 1) for line in lines)
        hint = process.stderr.readline()
        key = (values["FIVETRAN_API_KEY"], values["FIVETRAN_API_SECRET"])
        address = f"{values['FIVETRAN_API_URL']}/v1/groups/{values['FIVETRAN_GROUP_ID']}"
        answer = requests.get(address, auth=key)
        process.send_signal(ending)
        rest, errors = process.communicate(timeout=20)

    assert list(values) == [
        "FIVETRAN_API_URL",
        "FIVETRAN_API_KEY",
        "FIVETRAN_API_SECRET",
        "FIVETRAN_GROUP_ID",
    ]
    assert (len(key[0]), len(key[1])) == (16, 32)
    assert answer.status_code == 200
    assert hint.startswith("Sandbox:")
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_signal_amid_a_request_ends_the_command():
    code = """
import os, signal
from pbf.sandbox import server

class Interrupted:
    def __del__(self):  # an exception that is raised here is lost
        os.kill(os.getpid(), signal.SIGTERM)

class Server(server.Server):
    def process_request(self, request, client_address):
        Interrupted()
        super().process_request(request, client_address)

server.Server = Server
server.main("127.0.0.1", 0)
"""
    with run(code) as process:
        url = process.stdout.readline().strip().partition("=")[2]
        with suppress(requests.ConnectionError):
            requests.get(f"{url}/v1/groups")
        try:
            _rest, errors = process.communicate(timeout=20)
        finally:
            process.kill()

    assert process.returncode == 0
    assert "Traceback" not in errors


def test_the_date_of_an_answer_is_the_time_on_the_sandboxs_clock(server, session):
    for _ in range(2):
        answer = session.post(
            f"{server.url}/v1/connections",
            json=create_body(server, f"at_{server.world.clock():.0f}"),
        )
        date = parsedate_to_datetime(answer.headers["Date"])
        created = datetime.fromisoformat(answer.json()["data"]["created_at"])
        assert timedelta() <= date - created.replace(microsecond=0) < timedelta(seconds=30)
        server.world.clock.advance(400 * 24 * 3600)


def test_two_sandboxes_of_one_process_share_nothing(server, session):
    with SandboxServer(close_control=True) as second:
        session.post(f"{server.url}/v1/groups", json={"name": "here"})
        second.app.config["MAX_CONTENT_LENGTH"] = 1

        controls = [
            requests.get(f"{sandbox.url}/_control/state").status_code
            for sandbox in (server, second)
        ]

        assert controls == [200, 403]
        assert len(server.world.groups) == len(second.world.groups) + 1
        assert session.post(f"{server.url}/v1/groups", json={"name": "too"}).status_code == 201
