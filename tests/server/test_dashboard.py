"""app.py as `streamlit run` serves it, over real HTTP."""

import asyncio
import re
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.scriptrunner import magic
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.web import bootstrap

from pbf.errors import ConfigurationError
from pbf.paths import DASHBOARD
from pbf.sandbox.server import SandboxServer
from pbf.server.screen_checks import LARGEST_MESSAGE
from tests.support.event_loop import complete
from tests.support.servers import (
    ROOT,
    dashboard,
    free_port,
    leave_a_deletion_due,
    running,
    wait_for_line,
    wait_until_gone,
)
from tests.support.sockets import drawn, run, socket


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard without settings."""
    with dashboard(tmp_path_factory.mktemp("product")) as url:
        yield url


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on an account, once it has deleted what was due when it started."""
    with SandboxServer() as sandbox:
        world, folder = sandbox.world, tmp_path_factory.mktemp("account")
        due = world.add_connections(1)[0]
        leave_a_deletion_due(folder, due)
        settings = {
            "FIVETRAN_API_URL": sandbox.url,
            "FIVETRAN_API_KEY": world.api_key,
            "FIVETRAN_API_SECRET": world.api_secret,
            "FIVETRAN_GROUP_ID": world.group_id,
        }
        with dashboard(folder, **settings) as url:
            wait_until_gone(world, due)
            yield url


def get(url: str, **options: object) -> requests.Response:
    return requests.get(url, timeout=60, **options)


@pytest.mark.parametrize("path", ["/", "/services", "/connect?service=stripe", "/connectors"])
def test_the_screens_are_at_the_root(product: str, path: str):
    answer = get(f"{product}{path}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert '<div id="root">' in answer.text


def test_the_routes_are_beside_the_screens(product: str):
    services, connectors = get(f"{product}/_/services"), get(f"{product}/_/connectors")

    assert (services.status_code, len(services.json())) == (200, 773)
    assert (connectors.status_code, len(connectors.json())) == (200, 12)
    assert get(f"{product}/_/healthz").json() == {"status": "ok"}


def test_an_unknown_route_returns_json_and_no_screen(product: str):
    answer = get(f"{product}/_/nothing")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_every_method_reaches_the_routes(product: str):
    answer = requests.delete(f"{product}/_/connectors", timeout=60)

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_a_body_that_is_too_large_is_refused(product: str):
    answer = requests.post(f"{product}/_/connectors", json={"name": "x" * 70_000}, timeout=60)

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_icons_are_served_by_the_same_host(product: str):
    icons = [service["icon_url"] for service in get(f"{product}/_/services").json()]

    answer = get(icons[0])

    assert all(icon.startswith(f"{product}/sandbox/icons/") for icon in icons)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (
        200,
        "image/svg+xml",
    )


def test_a_connector_is_created_and_its_card_opened_on_the_same_host(product: str):
    connector = requests.post(
        f"{product}/_/connectors", json={"service": "google_sheets", "name": "Sales"}, timeout=60
    ).json()

    form = get(f"{product}/_/connectors/{connector['id']}/form").json()
    card = get(form["url"])

    assert form["url"].startswith(f"{product}/sandbox/connect-card/setup?auth=")
    assert card.status_code == 200
    assert card.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert card.headers["Referrer-Policy"] == "no-referrer"


def test_the_sandboxs_api_needs_its_key_here_too(product: str):
    answer = get(f"{product}/sandbox/v1/account/info")

    assert answer.status_code == 401


def test_a_name_that_was_typed_outlives_the_connection(product: str):
    message = BackMsg()
    message.rerun_script.page_name, message.rerun_script.query_string = "connect", "service=stripe"
    with socket(SimpleNamespace(url=product)) as opened:
        field = re.search(r'text_input \{\s+id: "(.+?)"', run(opened, "connect", "service=stripe"))
    assert field
    message.rerun_script.widget_states.widgets.add(id=field[1], string_value="Typed before")

    with socket(SimpleNamespace(url=product)) as opened:
        opened.send(message.SerializeToString())
        page = drawn(opened)

    assert "typed_before" in page


def test_a_forged_return_leads_to_the_list_on_the_same_host(product: str):
    answer = get(f"{product}/_/return?state=forged", allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"{product}/connectors?note=used",
    )


def test_many_concurrent_route_calls_do_not_block_the_sandbox(product: str):
    connector = get(f"{product}/_/connectors").json()[0]["id"]
    form, icon = f"{product}/_/connectors/{connector}/form", f"{product}/sandbox/icons/stripe.svg"

    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(get, [form] * 32 + [icon] * 16))
    # On a busy machine some are refused, because too many wait; the next try has no competitors.
    answers = [get(form) if answer.status_code == 503 else answer for answer in answers]

    assert [answer.status_code for answer in answers] == [200] * 48
    assert all("?auth=" in answer.json()["url"] for answer in answers[:32])


def test_no_run_of_a_page_is_followed_by_a_garbage_collection():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    assert settings["runner"]["postScriptGC"] is False


def test_streamlits_limits_are_what_we_need():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    server, client = settings["server"], settings["client"]
    assert server["maxUploadSize"] == 1
    assert server["maxWidgetStateSize"] * 1_000_000 == LARGEST_MESSAGE
    assert server["maxMessageSize"] <= 50
    assert client["allowedOrigins"] == []


def test_streamlit_asks_no_external_service_for_its_address_at_startup(monkeypatch, capsys):
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    def fail() -> None:
        raise AssertionError("Streamlit asks for the address of this machine")

    monkeypatch.setattr(net_util, "get_external_ip", fail)
    monkeypatch.setattr(net_util, "get_internal_ip", fail)
    given = {
        "browser.serverAddress": settings["browser"].get("serverAddress"),
        "browser.serverPort": 1,
    }
    given |= {"server.address": "0.0.0.0", "server.headless": True}
    monkeypatch.setattr(config, "is_manually_set", lambda name: given.get(name) is not None)
    monkeypatch.setattr(config, "get_option", lambda name: given.get(name, 0) or "")

    bootstrap._print_url(is_running_hello=False)

    assert "http://localhost:" in capsys.readouterr().out


def test_another_server_than_streamlits_own_finds_the_configuration(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["uvicorn", "app:app", "--port", str(port)]

    with running(command, tmp_path, f"{url}/_stcore/health"):
        host = get(f"{url}/_stcore/host-config").json()
        page = get(url)
        refused = get(url, headers={"Host": "evil.example"})

    assert host["allowedOrigins"] == []
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert refused.status_code == 421


def test_with_credentials_the_routes_show_the_account(account: str):
    assert get(f"{account}/_/healthz").json() == {"status": "ok"}
    assert len(get(f"{account}/_/connectors").json()) == 12


@pytest.mark.parametrize(
    "path", ["/", "/icons/stripe.svg", "/v1/account/info", "/connect-card/setup"]
)
def test_with_credentials_there_is_no_sandbox(account: str, path: str):
    answer = get(f"{account}/sandbox{path}")

    assert answer.status_code == 404
    assert '<div id="root">' not in answer.text


@pytest.mark.parametrize(
    ("settings", "status", "sentence"),
    [
        pytest.param(
            {"FIVETRAN_API_KEY": "the-key"},
            503,
            "FIVETRAN_API_SECRET and FIVETRAN_GROUP_ID are not set.",
            id="half-set",
        ),
        pytest.param(
            {
                "FIVETRAN_API_KEY": "the-key",
                "FIVETRAN_API_SECRET": "the-secret",
                "FIVETRAN_GROUP_ID": "our_group",
                "FIVETRAN_API_URL": "http://127.0.0.1:1",
            },
            502,
            "Fivetran cannot be reached.",
            id="unreachable",
        ),
    ],
)
def test_invalid_settings_are_reported_by_the_routes_and_the_screens_are_served(
    tmp_path, settings: dict, status: int, sentence: str
):
    with dashboard(tmp_path, **settings) as url:
        route, screen = get(f"{url}/_/connectors"), get(url)
        sandbox = get(f"{url}/sandbox/icons/stripe.svg")
        wait_for_line(tmp_path / "server.log", sentence)

    log = (tmp_path / "server.log").read_text()
    assert route.status_code == status
    assert sentence in route.json()["error"]["message"]
    assert screen.status_code == 200
    assert sandbox.status_code == 404
    assert "Traceback" not in log
    assert "the-secret" not in log


def test_an_unchanged_list_keeps_the_connection_and_has_no_body(product):
    with requests.Session() as session:
        etag = session.get(f"{product}/_/services", timeout=10).headers["ETag"]
        answers = [
            session.get(f"{product}/_/services", headers={"If-None-Match": etag}, timeout=10)
            for _ in range(2)
        ]
        parts = [(answer.status_code, answer.content, dict(answer.headers)) for answer in answers]

    for status, body, headers in parts:
        assert (status, body, headers["vary"]) == (304, b"", "Accept-Encoding")
        assert {"content-encoding", "connection"}.isdisjoint(headers)


def test_a_forged_x_forwarded_for_does_not_evade_a_limit(tmp_path: Path):
    with dashboard(tmp_path, PBF_ACTION_LIMIT="2 per hour") as url:
        connector = get(f"{url}/_/connectors").json()[0]["id"]
        answers = [
            get(
                f"{url}/_/connectors/{connector}/form",
                headers={"X-Forwarded-For": f"192.0.2.{number}"},
            )
            for number in range(3)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_a_prefix_that_differs_from_that_of_our_address_is_refused(monkeypatch):
    import app

    monkeypatch.setattr(app, "BASE_PATH", "/data/")
    monkeypatch.setenv("PBF_PUBLIC_URL", "http://localhost:8501/data")
    app.check_address()
    monkeypatch.setenv("PBF_PUBLIC_URL", "http://localhost:8501")
    with pytest.raises(ConfigurationError, match="PBF_PUBLIC_URL"):
        app.check_address()


def test_no_thread_waits_until_an_answer_is_read():
    import app

    ended = threading.Event()
    scope: Any = {"type": "http", "method": "GET", "path": "/", "http_version": "1.1"}
    scope |= {"query_string": b"", "headers": []}

    def chunks(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield from [b"x"] * 1000
        ended.set()

    async def ask() -> bool:
        reads: Any = asyncio.Event()
        answer = asyncio.create_task(
            app.in_threads(chunks, workers=1)(scope, reads.wait, lambda _: reads.wait())
        )
        has_ended = await asyncio.to_thread(ended.wait, 60)
        reads.set()
        await answer
        return has_ended

    assert complete(ask())


def test_pages_are_compiled_from_their_text(monkeypatch):
    def parse(*_: object) -> None:
        pytest.fail("a syntax tree, which two threads cannot make at once")

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["runner"]
    monkeypatch.setattr(config, "get_option", lambda name: settings[name.removeprefix("runner.")])
    monkeypatch.setattr(magic, "add_magic", parse)

    for page in (DASHBOARD / "pages").glob("*.py"):
        assert ScriptCache().get_bytecode(str(page)).co_filename == str(page)
