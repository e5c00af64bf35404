"""Which hosts the routes answer for, wherever they are served."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from pbf import runtime as runtimes
from pbf.api.responses import BodyCache
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime
from pbf.server.host_header import CheckHost, host_name

OURS = Settings(public_url="https://connect.example:8443", allowed_hosts=("inner", "10.0.0.7"))


def ask(header: str | None, path: str = "/", settings: Settings = OURS) -> tuple[int, str]:
    """Status and body of the response to a Host header."""

    def app(_environ, start_response):
        start_response("200 OK", [])
        return [b"through"]

    environ = EnvironBuilder(path).get_environ()
    environ.pop("HTTP_HOST", None)
    if header is not None:
        environ["HTTP_HOST"] = header
    body, status, _ = run_wsgi_app(CheckHost(app, lambda: settings), environ)
    return int(status[:3]), b"".join(body).decode()


@pytest.mark.parametrize(
    "header",
    [
        *("localhost", "LOCALHOST:8501", "localhost.", "127.0.0.1:5001", "127.8.9.1", "[::1]:80"),
        *("connect.example", "Connect.Example:8443", "connect.example:1", "inner:8501", "10.0.0.7"),
    ],
)
def test_loopback_names_and_hosts_in_the_settings_are_accepted(header: str):
    assert ask(header) == (200, "through")


@pytest.mark.parametrize(
    "header",
    [
        *("evil.example", "localhost.evil.example", "connect.example.evil.example", "10.0.0.8"),
        *("evil-localhost", "127.0.0.1.evil.example", "0.0.0.0", "[::2]:80", "2130706433"),
        *("xn--lcalhost-43a", "notconnect.example"),
    ],
)
def test_any_other_host_is_refused_with_the_name_of_the_setting(header: str):
    status, text = ask(header)

    assert status == 421
    assert "PBF_PUBLIC_URL" in text
    assert "PBF_ALLOWED_HOSTS" in text


MALFORMED = [
    pytest.param(None, id="missing"),
    pytest.param("", id="empty"),
    pytest.param("[", id="bracket"),
    pytest.param("[::1", id="half-a-bracket"),
    pytest.param("[::1%lo]", id="zone"),
    pytest.param("[1.2.3.4]", id="version-4-in-brackets"),
    pytest.param("::1", id="no-brackets"),
    pytest.param("localhost:", id="empty-port"),
    pytest.param("localhost:x", id="port-of-letters"),
    pytest.param("localhost:65536", id="port-too-high"),
    pytest.param("localhost:99999999999", id="port-much-too-high"),
    pytest.param("localhost:80:80", id="two-ports"),
    pytest.param("localhost/path", id="path"),
    pytest.param("localhost#", id="fragment"),
    pytest.param("user@localhost", id="user"),
    pytest.param("localhost, localhost", id="two"),
    pytest.param(" localhost", id="blank"),
    pytest.param("loc\u00e4lhost", id="not-ascii"),
    pytest.param("localhost\x00", id="nul"),
    pytest.param(".", id="dot"),
    pytest.param("a" * 100_000, id="long"),
]


@pytest.mark.parametrize("header", MALFORMED)
def test_an_invalid_host_is_a_bad_request(header: str | None):
    assert ask(header)[0] == 400


@pytest.mark.parametrize("header", MALFORMED[1:])
@pytest.mark.parametrize("path", ["/_/services", "/_/connectors?q=x", "/_/nothing"])
def test_an_invalid_host_causes_no_server_error_on_any_route(
    client: FlaskClient, path: str, header: str
):
    answer = client.get(path, headers={"Host": header})

    assert answer.status_code in (400, 421)
    assert answer.json["error"]["code"] in ("invalid_host", "unknown_host")
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-Id"]


def test_routes_refuse_in_json_and_other_paths_in_plain_text(client: FlaskClient):
    route = client.post("/_/connectors", json={}, base_url="http://evil.example")
    page = client.get("/", base_url="http://evil.example")

    assert (route.status_code, route.json["error"]["code"]) == (421, "unknown_host")
    assert (page.status_code, page.mimetype) == (421, "text/plain")


def test_a_foreign_host_reaches_no_route_and_caches_no_body(runtime: Runtime):
    app = create_app(lambda: runtime)
    client = app.test_client()

    answers = {
        client.get("/_/services", base_url=f"http://n{number}.example").status_code
        for number in range(100)
    }

    assert answers == {421}
    assert len(app.extensions["pbf_bodies"]._bodies) == 0


def test_bodies_for_different_ports_are_cached_up_to_a_bound(runtime: Runtime):
    app = create_app(lambda: runtime)
    app.extensions["pbf_bodies"] = BodyCache(max_bodies=16)
    client = app.test_client()

    for port in range(1000, 1100):
        assert client.get("/_/services", base_url=f"http://localhost:{port}").status_code == 200

    assert len(app.extensions["pbf_bodies"]._bodies) == 16


def test_invalid_settings_are_reported_at_the_public_address(monkeypatch):
    monkeypatch.setenv("FIVETRAN_API_KEY", "the-key")
    monkeypatch.setenv("PBF_PUBLIC_URL", "https://connect.example")
    runtimes.use(None)
    client = create_app().test_client()

    answer = client.get("/_/services", base_url="https://connect.example")

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not_configured")
    assert client.get("/_/services", base_url="https://evil.example").status_code == 421


def test_a_card_leads_back_to_the_public_address_whatever_the_host_header(settings: Settings):
    started = runtimes.start(
        replace(settings, public_url="https://connect.example", allowed_hosts=("inner",))
    )
    client = create_app(lambda: started).test_client()
    connector = next(
        item
        for item in started.portal.connectors().items
        if item.status.setup_state == "incomplete"
    )
    link = started.portal.signer.link(started.portal.tenant.id, connector.id)

    card = client.get(f"/_/go/{link}", base_url="http://inner:8501").headers["Location"]

    started.close()
    back = parse_qs(urlsplit(card).query)["redirect_uri"][0]
    assert back.startswith("https://connect.example/_/return?state=")


def test_names_are_compared_without_case_and_port():
    assert host_name("Connect.Example:80") == "connect.example"
    assert host_name("[0:0::1]:80") == "::1"
