"""A product full of canaries: its servers, a Fivetran that repeats them, and what was seen."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlsplit

import brotli
import psycopg
import redis
import requests
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Request
from psycopg.sql import SQL, Identifier

from pbf import runtime as runtimes
from pbf.commands.command_line import main
from pbf.sandbox.connect_card import links
from pbf.sandbox.server import SandboxServer
from pbf.signed_links import Signer
from tests.browser import unforeseen
from tests.browser.canaries import SIGNED_LINK, Place
from tests.browser.conftest import Visitor
from tests.support.parcels import unpacked
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import redis_server
from tests.support.servers import ROOT, free_port, running

KEY, SECRET = "canaryKey4Tn7Rw2Qz8", "canary&Secret5Hm9%Kd3Vx6"
SIGNING_KEY = "canarySign8Wq3LdKpTz5vYm1rXb6nJc"
DATABASE, REDIS = "canary/Data@9Zk2", "canaryRedis6Jp5"
TYPED, ONCE, TOLD = "canaryTyped2Fy7", "canaryOnce3Nb8", "canaryTold7Cx4"
# Nothing listens at that address.
CHANNEL = "canaryChannel9Xw4Lq7Zt2"
HOOK = f"https://127.0.0.1:1/hooks/{CHANNEL}"
CANARIES = {
    "the API key": KEY,
    "the API secret": SECRET,
    "the signing key": SIGNING_KEY,
    "the password of the database": DATABASE,
    "the password of Redis": REDIS,
    "a typed credential": TYPED,
    "an Idempotency-Key": ONCE,
    "the address of a channel": CHANNEL,
    "what Fivetran says where nobody should hear it": TOLD,
}
TIMEOUT = 4
DAY = 24 * 3600
# What each refusal is asked to quote is at the beginning: an error's text has its bounds.
QUOTED = {
    400: "{card} is not an address",
    403: "{sent} was sent",
    404: "{authorization} password={typed} leads nowhere",
    409: "{key} and {secret} are in the way",
}
ALL = "{card} {sent} {authorization} password={typed} {key} {secret} {told}"


class Fivetran:
    """The sandbox, which repeats all that it knows as long as it is told to fail (WSGI)."""

    def __init__(self, sandbox: SandboxServer) -> None:
        """Stand before the app of a sandbox."""
        self._app, self._sandbox = sandbox.app.wsgi_app, sandbox
        self.says: int | str = 200
        self._told_enough = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer, or repeat."""
        if self.says == 200 or not environ["PATH_INFO"].startswith("/v1/"):
            return self._app(environ, start_response)
        if self.says == "nothing":
            self._told_enough.wait(60)
        says, told = self.says, self._told(environ)
        if says == "html":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [f"<!doctype html><p>{told}".encode()]
        status = says if isinstance(says, int) else 500
        body = {"code": "No", "message": told, "data": {"items": [TOLD], "uri": TOLD}}
        start_response(f"{status} No", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    @contextmanager
    def failing(self, says: int | str) -> Iterator[None]:
        """Fail so, with a status, "html", "nothing" or "refused", until the block ends."""
        self._told_enough.clear()
        control = self._sandbox.world.control
        if says == "refused":
            control.add_fault("refuse", path="/v1/**", share=1.0)
        else:
            self.says = says
        try:
            yield
        finally:
            self.says = 200
            control.clear_faults()
            self._told_enough.set()

    def _told(self, environ: dict[str, Any]) -> str:
        world = self._sandbox.world
        token = links.token_for(world, next(iter(world.connections.values())))
        said = QUOTED.get(self.says, ALL) if isinstance(self.says, int) else ALL
        return said.format(
            card=f"{self._sandbox.url}/connect-card/setup?auth={token}",
            sent=environ["wsgi.input"].read().decode(),
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            typed=TYPED,
            key=KEY,
            secret=SECRET,
            told=TOLD,
        )


@dataclass
class Scene:
    """The servers, and all that was written, sent and shown."""

    url: str
    log: Path
    sandbox: SandboxServer
    fivetran: Fivetran
    environment: dict[str, str]
    postgres: PostgresServer
    end_redis: Callable[[], None]
    signer: Signer = field(default_factory=lambda: Signer(SIGNING_KEY))
    canaries: dict[str, str] = field(default_factory=lambda: dict(CANARIES))
    places: list[Place] = field(default_factory=list, repr=False)
    leaks: list[str] = field(default_factory=list)

    @property
    def group(self) -> str:
        """The tenant."""
        return self.sandbox.world.group_id

    def id_of(self, schema: str) -> str:
        """Return a connector's id by its permanent name."""
        every = self.sandbox.world.connections.values()
        return next(one.id for one in every if one.schema == schema)

    def signed_links(self, *, ago: float = 0.0) -> tuple[str, str, str]:
        """Return a link, an invitation and a state, made so many seconds ago."""
        broken, unfinished = self.id_of("zendesk_support"), self.id_of("once")
        with patch("time.time", return_value=time.time() - ago):
            return (
                self.signer.link(self.group, broken),
                self.signer.invitation(self.group, unfinished),
                self.signer.state(self.group, connector_id=broken),
            )

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask a route, and keep its answer."""
        options = {"timeout": 60, "allow_redirects": False, **options}
        answer = requests.request(method, f"{self.url}/_{path}", **options)
        where = f"route {method} /_{without_signed_links(path)} {answer.status_code}"
        self.places.append(Place(f"{where} body", answer.content))
        for name, value in answer.headers.items():
            self.places.append(Place(f"{where} {name.lower()}", value.encode()))
        return answer

    def recover(self) -> None:
        """Have the list asked for anew, by coming back from a card."""
        assert self.ask("GET", f"/return?state={self.signed_links()[2]}").status_code == 303
        assert self.ask("GET", "/connectors").status_code == 200

    def cut(self, signed_link: str) -> str:
        """Return a signed link as somebody copied it in part; what is left is a canary, too."""
        part = signed_link[:-3]
        self.canaries[f"a signed link cut short ({len(self.canaries)})"] = part.rpartition(".")[2]
        return part

    def run_checks(self) -> None:
        """Run the check-up, and keep what it prints."""
        printed = StringIO()
        runtimes.use(None)
        with patch.dict(os.environ, self.environment), redirect_stdout(printed):
            main(["doctor"])
            runtimes.runtime().close()
        runtimes.use(None)
        self.places.append(Place("doctor", printed.getvalue().encode()))

    def keep_stores(self) -> None:
        """Keep all that lies in the database and in Redis."""
        with psycopg.connect(self.environment["PBF_DATABASE_URL"]) as database:
            for (table,) in database.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall():
                rows = database.execute(SQL("SELECT * FROM {}").format(Identifier(table)))
                self.places.append(Place(f"table {table}", repr(rows.fetchall()).encode()))
        with redis.Redis.from_url(self.environment["PBF_REDIS_URL"]) as shared:
            for key in shared.scan_iter():
                value = shared.dump(key) if shared.type(key) != b"string" else shared.get(key)
                self.places.append(Place("redis", key + b" " + _plain(value or b"")))


class Witness:
    """Keeps all that a person's browser receives, and the pages that it shows."""

    def __init__(self, visitor: Visitor, scene: Scene) -> None:
        """Watch a page from now on."""
        self.visitor, self.page, self._scene = visitor, visitor.page, scene
        self.page.on("requestfinished", self._keep)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._keep_frame))

    def go(self, path: str) -> None:
        """Go to one of our addresses, and look at the page it leads to."""
        self.page.goto(f"{self._scene.url}{path}")
        self.visitor.settle()
        self.look()

    def look(self) -> None:
        """Keep the page that is shown, with its address."""
        shown: Page = self.page
        path = without_signed_links(urlsplit(shown.url).path)
        content = f"{shown.url} {shown.content()}"
        self._scene.places.append(Place(f"page {path}", content.encode()))

    def _keep(self, request: Request) -> None:
        response = request.response()
        if response is None:
            return
        whose = "ours" if request.url.startswith(f"{self._scene.url}/") else "fivetran"
        path = without_signed_links(urlsplit(request.url).path)
        where = f"{whose} {request.method} {path} {response.status}"
        for name, value in response.all_headers().items():
            self._scene.places.append(Place(f"{where} {name}", value.encode()))
        if not 300 <= response.status < 400:
            # What belongs to a page that was left is gone from the browser too.
            with suppress(PlaywrightError):
                self._scene.places.append(Place(f"{where} body", response.body()))

    def _keep_frame(self, frame: str | bytes) -> None:
        content = frame.encode() if isinstance(frame, str) else frame
        self._scene.places.append(Place("frame", unpacked(content)))


def without_signed_links(path: str) -> str:
    """Return a path for the name of a place."""
    return re.sub(rf"[\w.-]+{SIGNED_LINK.decode()}", "SIGNED_LINK", path.partition("?")[0])


def _plain(value: bytes) -> bytes:
    """Return a value of Redis, decompressed if it is a list."""
    try:
        return brotli.decompress(value)
    except brotli.error:
        return value


@contextmanager
def scene(folder: Path, postgres: PostgresServer, **settings: str) -> Iterator[Scene]:
    """Run everything, with these further settings and a canary wherever there is a secret."""
    with ExitStack() as stack, ExitStack() as until_redis_ends:
        sandbox = SandboxServer()
        world = sandbox.world
        world.api_key, world.api_secret, world.limits.plan = KEY, SECRET, "off"
        fivetran = Fivetran(sandbox)
        sandbox.app.wsgi_app = fivetran  # type: ignore[method-assign]
        stack.enter_context(sandbox)
        shared = until_redis_ends.enter_context(redis_server(folder, password=REDIS))
        database = postgres.fresh().replace("@", f":{quote(DATABASE, safe='')}@")
        environment = {
            "FIVETRAN_API_URL": sandbox.url,
            "FIVETRAN_API_KEY": KEY,
            "FIVETRAN_API_SECRET": SECRET,
            "FIVETRAN_GROUP_ID": world.group_id,
            "PBF_DATABASE_URL": database,
            "PBF_REDIS_URL": shared,
            "PBF_SIGNING_KEY": SIGNING_KEY,
            "PBF_TIMEOUT": str(TIMEOUT),
            **settings,
        }
        url = stack.enter_context(_dashboard(folder, environment))
        log, end_redis = folder / "server.log", until_redis_ends.close
        yield Scene(url, log, sandbox, fivetran, environment, postgres, end_redis)


@contextmanager
def _dashboard(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [unforeseen.__name__, "run", str(ROOT / "app.py"), "--server.port", str(port)]
    if "PBF_SIGN_IN" in environment:
        environment["PBF_PUBLIC_URL"] = url
    quoted = {unforeseen.TEXT: f"password={TYPED} {KEY} {SECRET} {TOLD}"}
    with running(command, folder, f"{url}/_stcore/health", **environment, **quoted):
        yield url
