"""What reaches Streamlit, and with which identity: every request and socket, without a server."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Message, Scope
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from pbf.config import Settings
from pbf.errors import (
    ConfigurationError,
    PbfError,
    ProviderUnavailable,
    StoreFailed,
    UntrustedToken,
)
from pbf.server.auth_middleware.authenticator import NoSignIn
from pbf.server.auth_middleware.middleware import Authenticate
from pbf.server.security_headers import ProtectScreens
from tests.support.event_loop import complete
from tests.support.fake_sessions import FakeSessions
from tests.support.servers import PATIENCE

ADA = "a" * 43
PAGE = {"accept": "text/html,*/*", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FRAME = {**PAGE, "sec-fetch-dest": "iframe"}
ORIGIN = {"origin": "http://localhost:8501"}
VENDOR = "https://app.example.com"
LOCAL = Settings()
PUBLIC = Settings(public_url="https://connect.example", frame_ancestors=(VENDOR,))


class FakeStreamlit:
    """The app behind the middleware; it remembers what it is sent."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.messages: list[Message] = []
        self.changed = asyncio.Condition()

    async def __call__(self, scope, receive, send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"streamlit"})
        elif scope["type"] == "websocket":
            await self._socket(receive, send)

    async def _socket(self, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            async with self.changed:
                self.messages.append(message)
                self.changed.notify_all()

    async def received(self, count: int) -> list[Message]:
        """Return the messages once there are so many."""
        async with self.changed, asyncio.timeout(PATIENCE):
            await self.changed.wait_for(lambda: len(self.messages) >= count)
            return list(self.messages)

    @property
    def identities(self) -> list[list[str]]:
        return [Headers(scope=scope).getlist("x-pbf-session") for scope in self.scopes]


class Answer:
    """A response."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 0, Headers(), b""

    async def send(self, message: Message) -> None:
        if message["type"].endswith("response.start"):
            self.status, self.headers = message["status"], Headers(raw=message["headers"])
        elif message["type"].endswith("response.body"):
            self.body += message.get("body", b"")
        elif message["type"] == "websocket.close":
            self.status = message["code"]


def scope_of(kind: str, path: str, headers: dict[str, str] | list, **parts: object) -> Scope:
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    if not any(name == b"host" for name, _ in raw):
        raw.append((b"host", b"localhost:8501"))
    defaults = {"method": "GET", "scheme": "http" if kind == "http" else "ws", "query_string": b""}
    return {"type": kind, "path": path, "headers": raw, **defaults, **parts}


def request(
    sessions, path: str = "/", headers=PAGE, *, settings: Settings = LOCAL, **parts: object
) -> tuple[Answer, FakeStreamlit]:
    """Send a request through the middleware."""

    async def run() -> tuple[Answer, FakeStreamlit]:
        streamlit, answer = FakeStreamlit(), Answer()
        app = Authenticate(streamlit, load=lambda: sessions, read=lambda: settings)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        await app(scope_of("http", path, headers, **parts), receive, answer.send)
        return answer, streamlit

    return complete(run())


class Browser:
    """A socket of a browser."""

    def __init__(self, app: Authenticate, headers) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.queue.put_nowait({"type": "websocket.connect"})
        self.answer = Answer()
        scope = scope_of("websocket", "/_stcore/stream", headers)
        self.task = asyncio.ensure_future(app(scope, self.queue.get, self.answer.send))

    def send(self, **message: object) -> None:
        content = BackMsg(**message).SerializeToString()
        self.queue.put_nowait({"type": "websocket.receive", "bytes": content})

    async def close(self) -> None:
        """Close it; once more does nothing."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, PATIENCE)


def with_sockets(
    sessions: FakeSessions,
    run: Callable[[Callable[..., Browser], FakeStreamlit], Awaitable[None]],
    *,
    poll_seconds: float = 3600.0,
) -> FakeStreamlit:
    """Open sockets of one app, and close them at the end."""

    async def main() -> FakeStreamlit:
        streamlit = FakeStreamlit()
        app = Authenticate(
            streamlit, load=lambda: sessions, read=lambda: LOCAL, poll_seconds=poll_seconds
        )
        opened: list[Browser] = []

        def connect(headers=None) -> Browser:
            given_headers = {"cookie": f"pbf={ADA}"} if headers is None else headers
            opened.append(Browser(app, {**ORIGIN, **given_headers}))
            return opened[-1]

        await run(connect, streamlit)
        for browser in opened:
            await browser.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)
        return streamlit

    return complete(main())


def runs(streamlit: FakeStreamlit) -> list[ClientState]:
    """Return the runs that Streamlit was asked for."""
    messages = [BackMsg.FromString(message["bytes"]) for message in streamlit.messages]
    return [message.rerun_script for message in messages if message.HasField("rerun_script")]


def test_a_page_is_requested_with_the_identity_of_its_session():
    _, streamlit = request(FakeSessions(ADA), headers={**PAGE, "cookie": f"pbf={ADA}"})

    assert streamlit.identities == [[ADA]]


# Sign-in off


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("name", ["x-pbf-session", "X-PBF-Session", "x_pbf_session"])
@pytest.mark.parametrize("load", [NoSignIn, lambda: FakeSessions(ADA)], ids=["off", "on"])
def test_an_identity_from_outside_never_arrives(kind: str, name: str, load):
    async def run() -> FakeStreamlit:
        streamlit = FakeStreamlit()
        app = Authenticate(streamlit, load=load, read=lambda: LOCAL)
        headers = [(name, ADA), (name, "x"), *ORIGIN.items(), ("cookie", f"pbf={'b' * 43}")]
        incoming = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]

        async def receive() -> Message:
            return incoming.pop(0)

        await app(scope_of(kind, "/static/x", headers), receive, Answer().send)
        return streamlit

    (scope,) = complete(run()).scopes

    names = [key.lower().replace(b"_", b"-") for key, _ in scope["headers"]]
    assert b"x-pbf-session" not in names
    assert b"cookie" in names


def test_with_sign_in_off_every_request_passes_unchanged():
    for path in ("/", "/media/x", "/_stcore/stream", "/_/connectors"):
        answer, streamlit = request(NoSignIn(), path, {"accept": "*/*"})

        assert (answer.status, answer.body) == (200, b"streamlit")
        assert streamlit.scopes[0]["headers"][0] == (b"accept", b"*/*")


def test_no_sign_in_has_no_sessions():
    nobody = NoSignIn()

    nobody.touch(ADA)
    nobody.on_ended(lambda _: None)

    assert nobody.session_of({"pbf": ADA}, {}) is None
    assert nobody.ended([ADA]) == {ADA}


def test_the_authenticator_is_loaded_at_the_first_request_and_once():
    loaded = []

    async def run() -> None:
        app = Authenticate(FakeStreamlit(), load=lambda: loaded.append(1) or NoSignIn())
        assert loaded == []
        for _ in range(3):
            await app(scope_of("http", "/", PAGE), None, Answer().send)

    complete(run())

    assert loaded == [1]


def test_the_lifespan_passes():
    async def run() -> list[Scope]:
        streamlit = FakeStreamlit()
        await Authenticate(streamlit, load=FakeSessions)({"type": "lifespan"}, None, None)
        return streamlit.scopes

    assert complete(run()) == [{"type": "lifespan"}]


# Pages


OPEN = ["/static/js/index.js", "/favicon.png", "/favicon.ico", "/_stcore/health", "/_/connectors"]
OPEN += ["/services/_stcore/health", "/_stcore/host-config", "/_", "/_/", "/_/sign-in", "/sandbox"]
OPEN += ["/sandbox/_control/"]
CLOSED = ["/", "/services", "/media/x.png", "/_stcore/upload_file/a/b", "/_stcore/metrics"]
CLOSED += ["/_stcore/bidi-components/x", "/component/x", "/_stcoresandbox", "/_x", "/staticx"]
CLOSED += ["//_/x", "/./_/x", "/x/_/x", "/SANDBOX", "/sandboxes", "/_stcore/healthx", "/_;x"]


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_public_needs_no_session(path: str, method: str):
    sessions = FakeSessions()

    answer, _ = request(sessions, path, {"cookie": f"pbf={ADA}"}, method=method)

    assert (answer.status, sessions.asked) == (200, [])


@pytest.mark.parametrize("path", CLOSED)
def test_everything_else_needs_one(path: str):
    unknown, streamlit = request(FakeSessions(), path, {"accept": "*/*"})
    known, _ = request(FakeSessions(ADA), path, {"cookie": f"pbf={ADA}"})

    assert (unknown.status, streamlit.scopes) == (401, [])
    assert b"Sign in" in unknown.body
    assert unknown.headers["cache-control"] == "no-store"
    assert known.status == 200


@pytest.mark.parametrize("headers", [{"accept": "text/html"}, {"sec-fetch-mode": "navigate"}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_leads_to_sign_in_and_back(headers: dict[str, str], method: str):
    answer, streamlit = request(
        FakeSessions(),
        "/connector",
        headers,
        query_string=b"id=a%20b&x=1",
        method=method,
    )

    assert (answer.status, streamlit.scopes) == (303, [])
    assert answer.headers["location"] == "/_/sign-in?next=%2Fconnector%3Fid%3Da%2520b%26x%3D1"
    assert answer.headers["vary"] == "Cookie"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_write_does_not_lead_to_sign_in(method: str):
    answer, _ = request(FakeSessions(), "/", PAGE, method=method)

    assert answer.status == 401


@given(
    path=st.text(max_size=1500).map(lambda text: f"/{text}"),
    query=st.binary(max_size=1500),
)
def test_the_way_back_is_one_printable_path_of_this_host(path: str, query: bytes):
    answer, _ = request(FakeSessions(), f"/x{path}", PAGE, query_string=query)

    location = answer.headers["location"]
    (target,) = parse_qs(urlsplit(location).query)["next"]
    assert location.startswith("/_/sign-in?next=%2F")
    assert len(location) <= 2000 + len("/_/sign-in?next=")
    assert target.isascii()
    assert target.isprintable()
    assert not set(target) & set("\\#")


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example", "//"])
def test_the_way_back_is_no_other_host(path: str):
    answer, _ = request(FakeSessions(), path)

    (target,) = parse_qs(urlsplit(answer.headers["location"]).query)["next"]
    assert target.startswith("/")
    assert not target.startswith("//")


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        pytest.param("/x", b"q=" + b"a" * 2000, "/x", id="long-query"),
        pytest.param("/" + "ä" * 500, b"q=1", "/", id="long-path"),
    ],
)
def test_a_way_back_that_is_too_long_is_shortened(path: str, query: bytes, target: str):
    answer, _ = request(FakeSessions(), path, query_string=query)

    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == [target]


@pytest.mark.parametrize("place", ["iframe", "frame", "embed", "object"])
def test_in_a_frame_a_page_says_that_the_session_has_ended(place: str):
    headers = {**FRAME, "sec-fetch-dest": place}
    answer, streamlit = request(FakeSessions(), "/", headers, settings=PUBLIC)

    assert (answer.status, streamlit.scopes) == (401, [])
    assert b"Your session has ended" in answer.body
    assert b'"pbf:session-ended"' in answer.body
    assert f'["{VENDOR}"]'.encode() in answer.body
    content_policy = answer.headers["content-security-policy"]
    assert f"frame-ancestors {VENDOR}" in content_policy
    assert "unsafe" not in content_policy
    assert answer.headers["cache-control"] == "no-store"


def test_only_the_allowed_ancestors_may_frame_it():
    async def run(settings: Settings) -> Headers:
        app = Authenticate(FakeStreamlit(), load=FakeSessions, read=lambda: settings)
        answer = Answer()
        protected = ProtectScreens(app, read=lambda: settings)
        await protected(scope_of("http", "/", FRAME), None, answer.send)
        return answer.headers

    allowed, forbidden = (complete(run(settings)) for settings in (PUBLIC, LOCAL))

    assert "x-frame-options" not in allowed
    assert forbidden["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in forbidden["content-security-policy"]


def test_a_hostile_ancestor_cannot_leave_the_script():
    settings = Settings(frame_ancestors=("https://</script><script>alert(1)",))

    answer, _ = request(FakeSessions(), "/", FRAME, settings=settings)

    assert answer.body.count(b"</script>") == 1


def test_invalid_settings_leave_sign_in_on():
    def read() -> Settings:
        raise ConfigurationError("PBF_TIMEOUT is not a number.")

    async def run() -> Answer:
        answer = Answer()
        app = Authenticate(FakeStreamlit(), load=FakeSessions, read=read)
        headers = {**FRAME, "cookie": f"pbf={ADA}"}
        await app(scope_of("http", "/", headers), None, answer.send)
        return answer

    assert complete(run()).status == 401


def test_corrected_settings_turn_sign_in_on():
    problems = [ConfigurationError("PBF_TIMEOUT is not a number.")]

    def load() -> FakeSessions:
        if problems:
            raise problems.pop()
        return FakeSessions()

    async def run() -> list[int]:
        app = Authenticate(FakeStreamlit(), load=load, read=lambda: LOCAL)
        answers = [Answer(), Answer()]
        for answer in answers:
            await app(scope_of("http", "/", PAGE), None, answer.send)
        return [answer.status for answer in answers]

    assert complete(run()) == [200, 303]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("problem", "status", "sentence"),
    [
        (StoreFailed("The database cannot be read."), 503, b"Nothing is lost"),
        (UntrustedToken("The proxy's secret is wrong."), 401, b"The proxy's secret is wrong."),
        (ProviderUnavailable("The keys cannot be read."), 503, b"The keys cannot be read."),
    ],
    ids=["database", "proxy", "keys"],
)
def test_while_sessions_cannot_be_checked_nobody_gets_in(
    kind: str, problem: PbfError, status: int, sentence: bytes
):
    sessions = FakeSessions(ADA)
    sessions.problem = problem

    async def run() -> tuple[Answer, FakeStreamlit]:
        streamlit, answer = FakeStreamlit(), Answer()
        app = Authenticate(streamlit, load=lambda: sessions, read=lambda: LOCAL)
        headers = {**PAGE, **ORIGIN, "cookie": f"pbf={ADA}"}
        extensions = {"websocket.http.response": {}}
        await app(scope_of(kind, "/", headers, extensions=extensions), None, answer.send)
        return answer, streamlit

    answer, streamlit = complete(run())

    assert (answer.status, streamlit.scopes) == (status, [])
    assert sentence in answer.body


# Cookies


@pytest.mark.parametrize(
    ("cookies", "status"),
    [
        pytest.param([f"__Host-pbf={ADA}"], 200, id="https"),
        pytest.param([f"__Host-pbf-frame={ADA}"], 200, id="frame"),
        pytest.param([f"pbf={ADA}"], 303, id="plain-one-on-https"),
        pytest.param([f"x=1; __Host-pbf={ADA};y=2"], 200, id="among-others"),
        pytest.param(["x=1", f"__Host-pbf={ADA}"], 200, id="two-headers"),
        pytest.param([f"__Host-pbf={ADA}", f"__Host-pbf={ADA}"], 303, id="twice"),
        pytest.param([f"__Host-pbf={ADA}; __Host-pbf={'b' * 43}"], 303, id="two-values"),
        pytest.param([f"__Host-pbf=; __Host-pbf={ADA}"], 303, id="one-empty"),
        pytest.param([f"__host-pbf={ADA}"], 303, id="another-case"),
        pytest.param([f'__Host-pbf="{ADA}"'], 303, id="quoted"),
        pytest.param([f"__Host-pbf={ADA[:-1]}b"], 303, id="altered"),
        pytest.param([f"__Host-pbf={ADA}a"], 303, id="longer"),
        pytest.param([f"__Host-pbf={ADA[:-1]}"], 303, id="shorter"),
        pytest.param([f"__Host-pbf={ADA}%00"], 303, id="encoded-zero"),
        pytest.param(["__Host-pbf"], 303, id="no-value"),
        pytest.param([f"__Host-pbfx={ADA}", f"x__Host-pbf={ADA}"], 303, id="similar-names"),
        pytest.param([f"__Host-pbf={'b' * 43}; __Host-pbf-frame={ADA}"], 200, id="ended-and-frame"),
    ],
)
def test_which_cookies_count(cookies: list[str], status: int):
    headers = [*PAGE.items(), ("host", "connect.example"), *(("cookie", line) for line in cookies)]

    answer, _ = request(FakeSessions(ADA), "/", headers, settings=PUBLIC, scheme="https")

    assert answer.status == status


@pytest.mark.parametrize(
    ("host", "scheme", "public_url", "status"),
    [
        ("localhost:8501", "http", None, 200),
        ("127.0.0.1:8501", "http", "http://localhost:8501", 200),
        ("[::1]:8501", "http", None, 200),
        ("localhost", "https", None, 303),
        ("connect.example", "http", None, 303),
        ("localhost:8501", "http", "https://connect.example", 303),
        ("localhost:8501", "http", "http://connect.example", 303),
    ],
)
def test_the_plain_cookie_counts_only_on_this_machine(
    host: str, scheme: str, public_url: str | None, status: int
):
    headers = {**PAGE, "host": host, "cookie": f"pbf={ADA}"}
    settings = Settings(public_url=public_url)

    answer, _ = request(FakeSessions(ADA), "/", headers, settings=settings, scheme=scheme)

    assert answer.status == status


def test_a_person_at_the_top_comes_before_one_in_a_frame():
    sessions = FakeSessions(ADA)

    request(sessions, "/", {**PAGE, "cookie": f"__Host-pbf-frame=x; pbf=y; __Host-pbf={ADA}"})

    (cookies,) = sessions.asked
    assert list(cookies.values()) == [ADA, "y", "x"]


LATIN = st.text(st.characters(max_codepoint=255), max_size=80)


@given(
    cookies=st.lists(LATIN | st.sampled_from(["__Host-pbf=", "pbf=;pbf", f"pbf={ADA[1:]}"])),
    others=st.lists(st.tuples(st.sampled_from(["accept", "host", "sec-fetch-dest"]), LATIN)),
)
def test_garbage_in_headers_signs_nobody_in(cookies: list[str], others: list[tuple[str, str]]):
    headers = [("cookie", line) for line in cookies] + others

    answer, streamlit = request(FakeSessions(ADA), "/x", headers)

    assert answer.status in (303, 401)
    assert streamlit.scopes == []


def test_nine_kilobytes_of_cookies_are_explained_instead_of_a_blank_page():
    cookie = f"__Host-pbf={ADA}; other={'x' * 9000}"

    page, _ = request(FakeSessions(ADA), "/", {**PAGE, "cookie": cookie})
    file, _ = request(FakeSessions(ADA), "/media/x", {"accept": "*/*", "cookie": cookie})
    split = [*PAGE.items(), ("cookie", f"__Host-pbf={ADA}"), ("cookie", f"o={'x' * 7900}")]
    in_two_lines, _ = request(FakeSessions(ADA), "/", split)

    assert (page.status, file.status, in_two_lines.status) == (431, 200, 200)
    assert b"Delete the cookies" in page.body


# Sockets


def test_a_socket_with_a_session_has_its_identity():
    async def run(connect, streamlit) -> None:
        connect().send(rerun_script=ClientState())
        await streamlit.received(1)

    streamlit = with_sockets(FakeSessions(ADA), run)

    assert streamlit.identities == [[ADA]]


@pytest.mark.parametrize("cookie", ["", "pbf=copied", f"pbf={ADA}; pbf={ADA}"])
def test_a_socket_without_a_session_only_runs_pages(cookie: str):
    async def run(connect, streamlit) -> None:
        browser = connect({"cookie": cookie, "x-pbf-session": ADA})
        browser.send(clear_cache=True)
        browser.send(load_git_info=True)
        browser.send(app_heartbeat=True)
        browser.send(rerun_script=ClientState(query_string="a=1"))
        await streamlit.received(2)

    streamlit = with_sockets(FakeSessions(ADA), run)

    assert streamlit.identities == [[]]
    assert len(streamlit.messages) == 2
    assert [state.query_string for state in runs(streamlit)] == ["a=1"]


def test_a_socket_needs_an_origin():
    async def run() -> tuple[Answer, FakeStreamlit]:
        streamlit, answer = FakeStreamlit(), Answer()
        app = Authenticate(streamlit, load=lambda: FakeSessions(ADA), read=lambda: LOCAL)
        scope = scope_of("websocket", "/_stcore/stream", {"cookie": f"pbf={ADA}"})
        await app(scope, None, answer.send)
        return answer, streamlit

    answer, streamlit = complete(run())

    assert (answer.status, streamlit.scopes) == (1008, [])


def test_clicks_are_activity_and_what_a_page_does_by_itself_is_not():
    sessions = FakeSessions(ADA)
    follows = ClientState(fragment_id="f")
    follows.widget_states.widgets.add(id="$$ID-1-pbf-follow-show__events", json_trigger_value="[]")
    clicks = ClientState(fragment_id="f")
    clicks.widget_states.widgets.add(id="$$ID-1-connectors__events", json_trigger_value="[]")

    async def run(connect, streamlit) -> None:
        browser = connect()
        browser.send(rerun_script=follows)
        browser.send(app_heartbeat=True)
        browser.send(stop_script=True)
        await streamlit.received(3)
        assert sessions.touched == []
        browser.send(rerun_script=ClientState())
        browser.send(rerun_script=clicks)
        await streamlit.received(5)

    with_sockets(sessions, run)

    assert sessions.touched == [ADA, ADA]


def test_activity_that_cannot_be_recorded_does_not_stop_the_page(caplog):
    sessions = FakeSessions(ADA)

    async def run(connect, streamlit) -> None:
        browser = connect()
        browser.send(app_heartbeat=True)
        await streamlit.received(1)
        sessions.problem = StoreFailed("The database cannot be written.")
        browser.send(rerun_script=ClientState())
        browser.send(rerun_script=ClientState())
        await streamlit.received(3)

    with_sockets(sessions, run)

    assert "activity could not be recorded" in caplog.text


def test_no_browser_clears_the_cache_of_all_visitors():
    async def run(connect, streamlit) -> None:
        browser = connect()
        browser.send(clear_cache=True)
        browser.send(load_git_info=True)
        browser.send(file_urls_request={"request_id": "1"})
        browser.send(stop_script=True)
        await streamlit.received(1)

    streamlit = with_sockets(FakeSessions(ADA), run)

    assert [BackMsg.FromString(message["bytes"]).stop_script for message in streamlit.messages] == [
        True
    ]


def test_what_streamlit_would_refuse_reaches_it():
    async def run(connect, streamlit) -> None:
        connect().queue.put_nowait({"type": "websocket.receive", "bytes": b"\xff\xff"})
        await streamlit.received(1)

    assert with_sockets(FakeSessions(ADA), run).messages[0]["bytes"] == b"\xff\xff"


def last_page() -> ClientState:
    state = ClientState(query_string="id=1", page_script_hash="h", page_name="connector")
    state.context_info.url = "http://localhost:8501/connector"
    state.widget_states.widgets.add(id="w", trigger_value=True)
    state.cached_message_hashes.append("x")
    return state


def end_by_callback(sessions: FakeSessions) -> None:
    thread = threading.Thread(target=sessions.revoke, args=(ADA,))
    thread.start()
    thread.join()


def end_by_poll(sessions: FakeSessions) -> None:
    sessions.expire(ADA)


@pytest.mark.parametrize(
    ("end", "poll_seconds"),
    [
        pytest.param(end_by_callback, 3600.0, id="this-process"),
        pytest.param(end_by_poll, 0.01, id="another-process"),
    ],
)
def test_when_the_session_ends_every_tab_runs_once_more_and_never_again(end, poll_seconds: float):
    sessions = FakeSessions(ADA, "other")

    async def run(connect, streamlit) -> None:
        tabs, other = [connect(), connect()], connect({"cookie": "pbf=other"})
        for browser in (*tabs, other):
            browser.send(rerun_script=last_page())
            browser.send(rerun_script=ClientState(fragment_id="f", query_string="late"))
        await streamlit.received(6)
        end(sessions)
        await streamlit.received(8)
        for browser in tabs:
            browser.send(rerun_script=ClientState(fragment_id="f"))
            browser.send(rerun_script=ClientState(query_string="click"))
            browser.send(stop_script=True)
            browser.queue.put_nowait({"type": "websocket.receive", "bytes": b"\xff\xff"})
            browser.queue.put_nowait({"type": "websocket.receive", "text": "x"})
            browser.send(app_heartbeat=True)
        other.send(rerun_script=ClientState(query_string="other"))
        await streamlit.received(11)

    streamlit = with_sockets(sessions, run, poll_seconds=poll_seconds)

    expected = last_page()
    expected.ClearField("widget_states")
    expected.ClearField("cached_message_hashes")
    assert runs(streamlit)[6:] == [expected, expected, ClientState(query_string="other")]
    assert len(streamlit.messages) == 11


def test_a_session_that_ends_before_the_first_run_runs_the_page_without_identity_once():
    sessions = FakeSessions(ADA)

    async def run(connect, streamlit) -> None:
        browser = connect()
        browser.send(app_heartbeat=True)
        await streamlit.received(1)
        sessions.revoke(ADA)
        await asyncio.sleep(0)  # the callback runs
        browser.send(stop_script=True)
        browser.send(rerun_script=last_page())
        await streamlit.received(2)
        browser.send(rerun_script=last_page())

    streamlit = with_sockets(sessions, run)

    assert [state.page_name for state in runs(streamlit)] == ["connector"]


def test_one_query_checks_all_open_sessions():
    sessions = FakeSessions(ADA, "other")

    async def run(connect, streamlit) -> None:
        for headers in (None, None, {"cookie": "pbf=other"}):
            connect(headers).send(rerun_script=ClientState())
        await streamlit.received(3)
        sessions.polls.clear()
        async with asyncio.timeout(PATIENCE):
            while not sessions.polls:
                await asyncio.sleep(0.001)

    with_sockets(sessions, run, poll_seconds=0.01)

    assert sessions.polls[0] == {ADA, "other"}


def test_a_database_that_fails_for_a_while_does_not_end_the_watch(caplog):
    caplog.set_level(logging.DEBUG, "pbf.server")
    sessions = FakeSessions(ADA)

    async def run(connect, streamlit) -> None:
        connect().send(rerun_script=ClientState())
        await streamlit.received(1)
        sessions.problem = StoreFailed("The database cannot be read.")
        async with asyncio.timeout(PATIENCE):
            while "could not be checked" not in caplog.text:
                await asyncio.sleep(0.001)
        sessions.problem = None
        sessions.expire(ADA)
        await streamlit.received(2)

    with_sockets(sessions, run, poll_seconds=0.01)


def test_the_watch_ends_with_the_last_socket_and_starts_again():
    sessions = FakeSessions(ADA)

    async def run(connect, streamlit) -> None:
        for count in (1, 2):
            browser = connect()
            browser.send(rerun_script=ClientState())
            await streamlit.received(count)
            names = [task.get_name() for task in asyncio.all_tasks()]
            assert names.count("sessions") == 1
            await browser.close()
            await asyncio.sleep(0)
            names = [task.get_name() for task in asyncio.all_tasks()]
            assert names.count("sessions") == 0

    with_sockets(sessions, run)
