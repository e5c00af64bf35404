"""Random runs of pages over websockets of many tenants: no frame holds anything of another one.

A try is one message over a tenant's open socket (a page, fragment or click with random ids, links
and query strings of its own and other tenants), with all frames that the server sends in reply.
"""

import json
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from pbf.rules.access.permissions import Role
from pbf.sandbox.catalogue.services import services
from tests.support.marked_tenants import ROLES, MarkedTenant, MarkedWorld, marked_world, marks
from tests.support.parcels import unpacked
from tests.support.servers import PATIENCE, ROOT, dashboard, free_port
from tests.support.sockets import socket

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
PARAMETERS = ("id", "service", "returned", "note", "q", "tenant", "group", "part", "connector")
WIDGET = re.compile(rb"\$\$ID-[0-9a-f]+-[\w.-]+")
# At the same time; each is closed after so many tries, and another tenant's is opened.
SOCKETS, MOST_TRIES = 6, 30
# They repeat the query string that the browser has sent.
ECHOES = ("new_session", "page_info_changed")
# How the run of a page ends; that of a fragment, and one that starts anew, end otherwise.
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


@dataclass(frozen=True)
class Served:
    """Marked tenants in this process, and another process that serves them."""

    url: str
    world: MarkedWorld
    log: Path


@dataclass
class Visit:
    """An open socket of a tenant's person, and what was said and heard on it."""

    tenant: MarkedTenant
    role: Role
    socket: ClientConnection
    sent: str = ""
    tries: int = 0
    fragments: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict, repr=False)


def serve(folder: Path, tenants: int, stack: ExitStack) -> Served:
    """Serve marked tenants in a process of its own until the stack is closed."""
    port = free_port()
    url, database = f"http://localhost:{port}", f"sqlite:///{folder / 'pbf.sqlite3'}"
    world = stack.enter_context(marked_world(folder, tenants=tenants, url=url, database=database))
    (folder / "server").mkdir()
    stack.enter_context(dashboard(folder / "server", port=port, **world.settings))
    return Served(url, world, folder / "server" / "server.log")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with ExitStack() as stack:
        yield serve(tmp_path_factory.mktemp("few"), 4, stack)


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with ExitStack() as stack:
        yield serve(tmp_path_factory.mktemp("fifty"), 50, stack)


class Visits:
    """Open sockets of random people, and random messages on them."""

    def __init__(self, served: Served, stack: ExitStack, seed: int) -> None:
        self.served, self.world, self._stack = served, served.world, stack
        self.random = random.Random(seed)
        # Of all tenants, clicked by any of their people.
        self._widgets: list[str] = []
        self.pages: set[tuple[str, Role]] = set()
        self.frames = 0
        self.of_own = 0
        self._open = [self._new() for _ in range(SOCKETS)]

    def _new(self) -> Visit:
        tenant, role = self.random.choice(self.world.tenants), self.random.choice(ROLES)
        opened = socket(self.served, self.world.cookie(tenant, role))
        return Visit(
            tenant, role, self._stack.enter_context(opened), hidden=hidden_services(tenant)
        )

    def round(self) -> None:
        """Send something on all sockets, so that their runs overlap, then check the replies."""
        for visit in self._open:
            visit.sent = ""
            if visit.fragments and self.random.random() < 0.3:
                # One that is gone is ignored without a reply, so the run of a page follows.
                self._send(visit, BackMsg(rerun_script=self._fragment_run(visit)))
            self._send(visit, BackMsg(rerun_script=self._page_run(visit)))
        for visit in self._open:
            self._check(visit)
        for number, visit in enumerate(self._open):
            visit.tries += 1
            if visit.tries == MOST_TRIES:
                visit.socket.close()
                self._open[number] = self._new()

    def _send(self, visit: Visit, message: BackMsg) -> None:
        visit.sent += str(message)
        visit.socket.send(message.SerializeToString())

    def _fragment_run(self, visit: Visit) -> ClientState:
        return ClientState(
            fragment_id=self.random.choice(visit.fragments), query_string=self._query(visit)
        )

    def _page_run(self, visit: Visit) -> ClientState:
        page, choose = self.random.choice(PAGES), self.random.choice
        rerun = ClientState(page_name=page, query_string=self._query(visit))
        if self._widgets and self.random.random() < 0.2:
            rerun.widget_states.widgets.add(id=choose(self._widgets), trigger_value=True)
        self.pages.add((page, visit.role))
        return rerun

    def _query(self, visit: Visit) -> str:
        parameters = self.random.sample(PARAMETERS, k=self.random.randrange(4))
        return "&".join(f"{name}={self._value(visit)}" for name in parameters)

    def _value(self, visit: Visit) -> str:
        """Return something that names the own or another tenant, its people or its services."""
        of = self.random.choice((visit.tenant, *self.random.choices(self.world.tenants, k=2)))
        connector, signer = self.random.choice(of.connectors), self.world.runtime.signer
        values = (
            *(connector, connector, connector, of.id, of.group, of.mark),
            *(of.people[visit.role], self.random.choice(of.allowed)),
            signer.link(of.id, connector),
            signer.state(of.id, connector_id=connector),
            self.random.choice(("Members", "Invitations", "Sessions", "API%20tokens")),
        )
        return self.random.choice(values)

    def _check(self, visit: Visit) -> None:
        """Read until the run has ended, and fail if a frame holds what it must not."""
        is_finished = False
        while not is_finished:
            frame = visit.socket.recv(timeout=PATIENCE)
            assert isinstance(frame, bytes)
            message = ForwardMsg.FromString(frame)
            is_finished = message.HasField("script_finished") and message.script_finished in ENDS
            if message.WhichOneof("type") in ECHOES:
                continue
            content = unpacked(frame)
            check(visit, content)
            self.frames += 1
            self.of_own += visit.tenant.mark.encode() in content
            self._widgets += [found.decode() for found in WIDGET.findall(content)]
            if message.delta.fragment_id:
                visit.fragments.append(message.delta.fragment_id)
        del self._widgets[:-200], visit.fragments[:-3]


def hidden_services(tenant: MarkedTenant) -> dict[str, str]:
    """Return the names of services that the tenant's policy hides, by id.

    Names that are part of an allowed service's texts, and short ones, would be seen anywhere.
    """
    allowed = repr([services()[key] for key in tenant.allowed])
    return {
        key: service.name
        for key, service in services().items()
        if key not in tenant.allowed and len(service.name) > 10 and service.name not in allowed
    }


def check(visit: Visit, content: bytes) -> None:
    """Fail if the content of a frame holds another tenant's mark, or a hidden service's name."""
    text = content.decode(errors="replace")
    foreign = marks(text) - {visit.tenant.mark}
    assert not foreign, (visit, foreign, text[:3000])
    shown = {name for name in visit.hidden.values() if name in text}
    assert not shown, (visit, shown, text[:3000])


def lines_of_two(log: Path) -> list[str]:
    """Return the lines of a log that hold marks of several tenants, or of another than theirs."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert lines
    return [
        str(line)
        for line in lines
        if len(marks(str(line))) > 1 or (line.get("tenant") and not marks(line["tenant"]))
    ]


def run(served: Served, tries: int, seed: int) -> Visits:
    """Make so many random tries."""
    with ExitStack() as stack:
        visits = Visits(served, stack, seed)
        for _ in range(tries // SOCKETS):
            visits.round()
    return visits


def test_no_frame_holds_anything_of_another_tenant(few: Served):
    visits = run(few, 120, seed=13)

    assert visits.of_own > visits.frames / 20
    assert {page for page, _ in visits.pages} == set(PAGES)
    assert lines_of_two(few.log) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.timeout(400)
def test_no_frame_of_fifty_tenants_holds_anything_of_another_one(fifty: Served, seed: int):
    visits = run(fifty, 2_500, seed)

    assert visits.of_own > visits.frames / 20
    assert visits.pages == {(page, role) for page in PAGES for role in ROLES}
    assert lines_of_two(fifty.log) == []
