"""The commands, as people run them."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from pbf.commands.command_line import main
from pbf.config import load_settings
from pbf.errors import ConfigurationError
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.runtime import runtime
from pbf.sandbox.server import SandboxServer
from tests.support.servers import (
    ROOT,
    clean_environment,
    free_port,
    json_api,
    leave_a_deletion_due,
    wait_until_gone,
)

Doctor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Doctor]:
    """Run `doctor` in this process, and return its status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run_doctor(**settings: str) -> tuple[int, str, str]:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return main(["doctor"]), *capsys.readouterr()

    yield run_doctor
    with suppress(ConfigurationError):
        runtime().close()


def run(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pbf", *arguments],
        cwd=folder,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextmanager
def started(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command that serves; its output can be read."""
    with subprocess.Popen(
        [sys.executable, "-m", "pbf", *arguments],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound.getsockname()[1]


def test_the_proxy_serves_the_routes_and_the_sandbox_on_its_port(tmp_path):
    with json_api(tmp_path) as url:
        services = requests.get(f"{url}/_/services", timeout=20).json()
        icon = requests.get(services[0]["icon_url"], timeout=20)
        connector = requests.post(
            f"{url}/_/connectors", json={"service": "google_sheets", "name": "Sales"}, timeout=20
        ).json()
        form = requests.get(f"{url}/_/connectors/{connector['id']}/form", timeout=20).json()
        card = requests.get(form["url"], timeout=20)

    assert len(services) == 773
    assert icon.url.startswith(f"{url}/sandbox/")
    assert icon.status_code == 200
    assert connector["schema"] == "sales.sales"
    assert form["url"].startswith(f"{url}/sandbox/connect-card/setup?auth=")
    assert card.status_code == 200


def test_the_proxy_ends_at_sigterm_and_frees_its_port(tmp_path):
    with json_api(tmp_path) as url:
        health = requests.get(f"{url}/_/healthz", timeout=20).json()

    port = urlsplit(url).port
    assert health == {"status": "ok"}
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port


def test_the_proxy_answers_for_an_account_on_a_sandbox_that_runs_alone(tmp_path, sandbox):
    settings = {
        "FIVETRAN_API_URL": sandbox.url,
        "FIVETRAN_API_KEY": sandbox.world.api_key,
        "FIVETRAN_API_SECRET": sandbox.world.api_secret,
        "FIVETRAN_GROUP_ID": sandbox.world.group_id,
    }
    due = sandbox.world.add_connections(1)[0]
    leave_a_deletion_due(tmp_path, due)

    with json_api(tmp_path, **settings) as url:
        connectors = requests.get(f"{url}/_/connectors", timeout=20).json()
        imitation = requests.get(f"{url}/sandbox/icons/stripe.svg", timeout=20)
        wait_until_gone(sandbox.world, due)

    assert len(connectors) == 12
    assert imitation.status_code == 404
    assert sandbox.world.api_secret not in (tmp_path / "server.log").read_text()


def test_the_proxy_reports_incomplete_credentials_on_every_route(tmp_path):
    with json_api(tmp_path, FIVETRAN_API_KEY="the-key") as url:
        answer = requests.get(f"{url}/_/services", timeout=20)

    assert answer.status_code == 503
    assert answer.json()["error"]["message"].startswith(
        "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set."
    )


def test_the_sandboxs_four_lines_work_as_a_clients_settings(tmp_path):
    with started("sandbox", "--port", "0", folder=tmp_path) as process:
        lines = [process.stdout.readline() for _ in range(4)]
        (tmp_path / ".env").write_text("".join(lines))
        settings = load_settings({}, dotenv=str(tmp_path / ".env"))
        client = ApiClient(Request(settings.api_url, settings.api_key, settings.api_secret))
        connectors = list(client.get_list_of_connectors_in_group(settings.group_id))
        client.close()
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)

    assert [line.partition("=")[0] for line in lines] == [
        "FIVETRAN_API_URL",
        "FIVETRAN_API_KEY",
        "FIVETRAN_API_SECRET",
        "FIVETRAN_GROUP_ID",
    ]
    assert settings.api_url.startswith("http://127.0.0.1:")
    assert len(connectors) == 12
    assert status == 0


@pytest.mark.parametrize("command", ["proxy", "sandbox"])
def test_a_port_in_use_is_reported_in_one_sentence(tmp_path, taken: int, command: str):
    ended = run(command, "--port", str(taken), folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"Cannot listen on 127.0.0.1:{taken}: Address already in use."
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["proxy", "sandbox"])
def test_an_unknown_host_is_reported_in_one_sentence(tmp_path, command: str):
    ended = run(command, "--host", "300.1.1.1", "--port", "0", folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Cannot listen on 300.1.1.1:0: there is no such host."
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_an_invalid_port_is_refused(port: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["proxy", f"--port={port}"])

    assert ended.value.code == 2
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def test_the_doctor_succeeds_on_the_sandbox(tmp_path):
    ended = run("doctor", folder=tmp_path)

    assert ended.returncode == 0
    assert [line[:3] for line in ended.stdout.splitlines()] == ["ok "] * 13
    assert ended.stderr == ""


def test_the_doctor_fails_on_a_wrong_key(doctor: Doctor, sandbox: SandboxServer):
    status, output, errors = doctor(
        FIVETRAN_API_URL=sandbox.url,
        FIVETRAN_API_KEY=sandbox.world.api_key,
        FIVETRAN_API_SECRET="not-the-secret",
        FIVETRAN_GROUP_ID=sandbox.world.group_id,
    )

    assert status == 1
    assert "BAD  key          Fivetran refused the API key" in output
    assert "not-the-secret" not in output + errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"FIVETRAN_API_KEY": "k"}, "are not set.", id="half-set"),
        pytest.param({"PBF_TIMEOUT": "soon"}, "PBF_TIMEOUT is not a number", id="not-a-number"),
        pytest.param({"PBF_DATABASE_URL": "x"}, "Check PBF_DATABASE_URL", id="no-database"),
    ],
)
def test_the_doctor_names_the_invalid_setting(doctor: Doctor, settings: dict, message: str):
    status, output, errors = doctor(**settings)

    assert status == 1
    assert output.startswith("BAD  settings")
    assert message in output
    assert errors == ""


def test_a_command_reads_the_env_file_of_its_folder(tmp_path, doctor: Doctor):
    (tmp_path / ".env").write_text("FIVETRAN_API_KEY=k\n")

    _, output, _ = doctor()

    assert "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set." in output


def test_without_a_command_the_usage_is_shown(tmp_path):
    ended = run(folder=tmp_path)

    assert ended.returncode == 2
    assert "usage: python -m pbf" in ended.stderr


ACCOUNT = {
    "FIVETRAN_API_KEY": "a-key",
    "FIVETRAN_API_SECRET": "a-secret",
    "FIVETRAN_GROUP_ID": "a_group",
}
OPEN = "The server listens on 0.0.0.0, but sign-in is off"


def test_the_proxy_does_not_open_an_account_to_others_without_sign_in(tmp_path):
    ended = run("proxy", "--host", "0.0.0.0", folder=tmp_path, **ACCOUNT)

    assert ended.returncode == 1
    assert ended.stderr.startswith(OPEN)


def test_the_dashboard_does_not_open_an_account_to_others_without_sign_in(tmp_path):
    address = ["--server.address", "0.0.0.0", "--server.port", str(free_port())]
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), *address],
        cwd=tmp_path,
        env=clean_environment(**ACCOUNT),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode != 0
    assert OPEN in ended.stderr
