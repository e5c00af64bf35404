"""What the whole application refuses before Streamlit sees it, over real HTTP and sockets."""

import asyncio
import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from starlette.datastructures import Headers
from streamlit import net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pbf.config import Settings
from pbf.server.screen_checks import LARGEST_MESSAGE, CheckRequests
from tests.support.routes import path_with, rules
from tests.support.servers import dashboard, json_api


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("product")


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[str]:
    """The dashboard on its sandbox, with two more host names."""
    names = {"PBF_PUBLIC_URL": "https://connect.example", "PBF_ALLOWED_HOSTS": "inner"}
    with dashboard(folder, **names) as url:
        yield url


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The routes, served alone."""
    with json_api(tmp_path_factory.mktemp("alone")) as url:
        yield url


def raw(url: str, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """Request a path exactly as written, and read the response."""
    link = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    link.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        link.putheader(name.replace("_", "-"), value)
    link.endheaders()
    answer = link.getresponse()
    answer.text = answer.read().decode(errors="replace")
    link.close()
    return answer


def stream(url: str, **headers: str) -> ClientConnection:
    """Open the socket of a page."""
    address = f"{url.replace('http', 'ws')}/_stcore/stream"
    host = headers.pop("Host", None)
    sock = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
    uri = f"ws://{host}/_stcore/stream" if host else address
    return connect(uri, sock=sock, origin=headers.get("Origin"), compression="deflate", proxy=None)


def read_until_the_end(opened: ClientConnection) -> None:
    """Read what a socket sends until it is closed, which raises ConnectionClosed."""
    while True:
        opened.recv(timeout=60)


PLACES = ["/", "/services", "/_", "/_/", "/sandbox", "/sandbox/", "/_/docs", "/_/docs/"]
PLACES += ["/_/nothing", "/_/invite/x", "/_/invited?state=x", "/_/return?state=x", "/_/go/x"]
PLACES += ["/sandbox/_control", "/sandbox/_control/", "/sandbox/connect-card/setup?auth=x"]
PLACES += ["/sandbox/connect-card", "/sandbox/v1/account/info", "/sandbox/icons/stripe.svg"]
PLACES += ["//_", "//sandbox", "/%5f", "/%5F/docs", "/_;x", "/_;x/docs", "/_%2f", "/_%2fdocs"]
PLACES += ["/SANDBOX", "/Sandbox/_control/", "/sandbox%2f_control%2f", "/sandbox;x/_control/"]
PLACES += ["/%73andbox", "/sandbox//_control/", "/_//docs", "/./_", "/x/../_", "/_/../sandbox"]
PLACES += ["/_?x", "/sandbox?x", "/_%00", "/%ff", "/_%ff", "/sandbox%ff", "/_\\docs", "/sandbox."]
PLACES += ["/index.html", "/static", "/static/", "/static/x", "/static/..%2findex.html", "/app"]
PLACES += ["/media/x", "/component/x", "/auth/login", "/auth/logout", "/oauth2callback", "/_stcore"]
PLACES += sorted({path_with(rule) for method in ("GET", "POST") for rule in rules(method)})
PLACES += ["/services/", "/a/b/c", "/_stcore/", "/_stcore/health", "/_stcore/nothing", "/__/x"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_every_html_response_has_a_policy_and_cannot_be_framed(product: str, method: str):
    answers = {place: raw(product, place, method=method) for place in PLACES}

    pages = {
        place: answer
        for place, answer in answers.items()
        if answer.headers.get_content_type() == "text/html" and answer.headers["Content-Type"]
    }
    assert len(pages) > 5 or method in ("POST", "OPTIONS")
    bare = {
        place
        for place, answer in pages.items()
        if "frame-ancestors '" not in answer.headers.get("Content-Security-Policy", "")
        or answer.headers.get("X-Frame-Options") not in ("DENY", "SAMEORIGIN")
    }
    assert bare == set()
    assert {place for place, answer in answers.items() if answer.status >= 500} == set()


@pytest.mark.parametrize(
    "place",
    [
        *("/_", "/_/", "/sandbox", "/sandbox/", "/%5f", "/%73andbox", "/_?x", "/sandbox?x"),
        *("/static", "/static/", "/static/js/of-an-older-version.js"),
    ],
)
def test_no_screen_is_served_below_the_routes_the_sandbox_and_the_scripts(product: str, place: str):
    answer = raw(product, place)

    assert answer.status in (301, 303, 307, 308, 404)
    assert '<div id="root">' not in answer.text


def test_the_sandboxs_own_pages_say_who_may_frame_them(product: str):
    control = raw(product, "/sandbox/_control/")
    card = raw(product, "/sandbox/connect-card/setup?auth=x")

    assert control.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in control.headers["Content-Security-Policy"]
    assert card.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in card.headers["Content-Security-Policy"]


EVERYWHERE = ["/", "/services", "/_/services", "/_/nothing", "/sandbox/icons/stripe.svg", "/_"]
EVERYWHERE += ["/sandbox/_control/", "/_stcore/health", "/_stcore/host-config", "/favicon.png"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_foreign_host_is_refused_everywhere(product: str, path: str):
    refused = raw(product, path, Host="evil.example")
    accepted = {raw(product, path, Host=host).status for host in ("inner:1", "connect.example")}

    assert refused.status == 421
    assert "PBF_ALLOWED_HOSTS" in refused.text
    assert 421 not in accepted


@pytest.mark.parametrize("host", ["[", "localhost:x", "localhost:99999", "a b", "x@localhost", ""])
def test_an_invalid_host_is_a_bad_request_everywhere(product: str, alone: str, host: str):
    answers = {raw(product, path, Host=host).status for path in EVERYWHERE}
    answers |= {raw(alone, path, Host=host).status for path in ("/_/services", "/", "/sandbox/x")}

    assert answers == {400}


@pytest.mark.parametrize("path", ["/_/services", "/_/nothing", "/", "/sandbox/icons/stripe.svg"])
def test_the_routes_alone_refuse_a_foreign_host(alone: str, path: str):
    assert raw(alone, path, Host="evil.example").status == 421
    assert raw(alone, path).status != 421


@pytest.mark.parametrize(
    "path",
    [
        *("/_stcore/metrics", "/_stcore/upload_file/a/b", "/_stcore/agent/mcp", "/_stcore/nothing"),
        *("/_stcore/script-health-check", "/_stcore/agent/openapi.json", "/x/_stcore/metrics"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "OPTIONS"])
def test_endpoints_of_streamlit_that_no_page_uses_are_closed(product: str, path: str, method: str):
    answer = raw(product, path, method=method)

    assert answer.status == 404
    assert "TYPE" not in answer.text
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_a_body_for_streamlit_is_refused_unread(product: str):
    length = 100 * 1024 * 1024
    link = http.client.HTTPConnection(urlsplit(product).netloc, timeout=60)
    link.putrequest("PUT", "/_stcore/upload_file/a/b")
    link.putheader("Content-Length", str(length))
    link.endheaders(b"x" * 1000)

    answer = link.getresponse()

    assert (answer.status, answer.headers["Connection"]) == (404, "close")
    link.close()


OWN_PAGES = [
    pytest.param({}, id="a-program"),
    pytest.param({"Origin": "OWN"}, id="our-page"),
    pytest.param({"Origin": "https://connect.example"}, id="a-proxy-that-keeps-the-host"),
    pytest.param(
        {"Origin": "https://connect.example", "Host": "connect.example"}, id="a-proxy-that-ends-tls"
    ),
    pytest.param({"Origin": "https://connect.example", "Host": "inner:80"}, id="an-inner-host"),
]


@pytest.mark.parametrize("headers", OWN_PAGES)
def test_the_socket_opens_for_our_own_pages(product: str, headers: dict[str, str]):
    headers = {name: product if value == "OWN" else value for name, value in headers.items()}

    with stream(product, **headers) as opened:
        assert opened.state.name == "OPEN"


@pytest.mark.parametrize(
    ("sender", "host"),
    [
        ("http://localhost:8501", "localhost:8501"),
        ("https://connect.example", "connect.example"),
        ("https://connect.example", "inner:8501"),
        ("https://evil.example", "inner:8501"),
        ("null", "inner:8501"),
        ("http://10.1.2.3", "localhost"),
    ],
)
def test_streamlit_asks_no_external_service_about_an_origin(monkeypatch, sender: str, host: str):
    def fail() -> None:
        raise AssertionError("Streamlit asks for the address of this machine")

    monkeypatch.setattr(net_util, "get_external_ip", fail)
    monkeypatch.setattr(net_util, "get_internal_ip", fail)
    verdicts = []

    async def streamlit(scope, receive, send) -> None:
        headers = Headers(scope=scope)
        verdicts.append(_is_origin_allowed(headers.get("origin"), headers.get("host")))

    async def ask() -> None:
        headers = [(b"host", host.encode()), (b"origin", sender.encode())]
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}
        ours = Settings(public_url="https://connect.example", allowed_hosts=("inner",))
        await CheckRequests(streamlit, read=lambda: ours)(scope, None, refuse)

    async def refuse(message) -> None:
        assert message["type"] == "websocket.close"

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, ask()).result()

    foreign = sender in ("https://evil.example", "null", "http://10.1.2.3")
    assert verdicts == ([] if foreign else [True])


FOREIGN = [
    pytest.param({"Origin": "https://evil.example"}, 403, id="another-site"),
    pytest.param({"Origin": "http://localhost:3000"}, 403, id="another-port"),
    pytest.param({"Origin": "null"}, 403, id="null"),
    pytest.param({"Origin": "http://["}, 403, id="no-origin-at-all"),
    pytest.param({"Origin": "http://inner:9", "Host": "inner:8"}, 403, id="our-host-another-port"),
    pytest.param({"Host": "evil.example"}, 421, id="another-host"),
    pytest.param({"Host": "evil.example", "Origin": "http://evil.example"}, 421, id="rebound"),
]


@pytest.mark.parametrize(("headers", "status"), FOREIGN)
def test_the_socket_stays_closed_to_others(product: str, headers: dict[str, str], status: int):
    with pytest.raises(InvalidStatus) as caught:
        stream(product, **headers)

    assert caught.value.response.status_code == status


@pytest.mark.parametrize("path", ["/_/services", "/sandbox/x", "/", "/_stcore/health", "/x"])
def test_there_is_one_socket(product: str, path: str):
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{product.replace('http', 'ws')}{path}", proxy=None)

    assert caught.value.response.status_code == 404


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(LARGEST_MESSAGE + 1, id="just-too-large"),
        pytest.param(100 * LARGEST_MESSAGE, id="swells-a-thousand-times"),
    ],
)
def test_a_message_that_is_too_large_ends_only_its_own_connection(product: str, size: int):
    with stream(product) as untouched, stream(product) as opened:
        opened.send(bytes(size))
        with pytest.raises(ConnectionClosed) as caught:
            read_until_the_end(opened)

        message = BackMsg(rerun_script={"query_string": ""})
        untouched.send(message.SerializeToString())
        assert untouched.recv(timeout=60)

    assert caught.value.rcvd.code == 1009


@pytest.mark.parametrize("text", ["", "text"])
def test_a_text_message_ends_its_connection_and_logs_no_traceback(
    product: str, folder: Path, text: str
):
    with stream(product) as opened:
        opened.send(text)
        with pytest.raises(ConnectionClosed) as caught:
            read_until_the_end(opened)

    assert caught.value.rcvd.code == 1003
    assert "Traceback" not in (folder / "server.log").read_text(encoding="utf-8")


def test_the_health_check_of_streamlit_answers(product: str):
    assert requests.get(f"{product}/_stcore/health", timeout=60).text == "ok"
    assert raw(product, "/_/healthz", Host="inner").status == 200
