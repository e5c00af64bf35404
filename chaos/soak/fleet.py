"""The processes of a run: two that are never restarted, and two that are killed and replaced."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from bench import servers
from bench.servers import ROOT, Server

DASHBOARD = "dashboard"
LAUNCHER = ("chaos.soak.program",)
OpenServer = Callable[[], AbstractContextManager[Server]]


@dataclass(frozen=True)
class Resources:
    """The memory of a process in megabytes, and its descriptors."""

    memory: float
    descriptors: int


class Member:
    """A process that can be killed and started again at the same address."""

    def __init__(
        self, name: str, open_server: Callable[[], AbstractContextManager[Server]]
    ) -> None:
        """Start it."""
        self.name = name
        self._open = open_server
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.server = self._running.enter_context(self._open())

    def stop(self) -> None:
        """End it with SIGTERM, and with SIGKILL if it has not ended ten seconds later."""
        self._running.close()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.server.process.kill()
        self._running.close()

    def resources(self) -> Resources:
        """Return what it uses now."""
        return Resources(self.server.memory(), self.server.descriptors())


@dataclass(frozen=True)
class Fleet:
    """All processes of a run, which share their settings."""

    steady: list[Member]
    replaced: list[Member]
    settings: Mapping[str, str]

    @property
    def dashboards(self) -> list[Member]:
        """Those that have pages, the one that is never restarted first."""
        members = (*self.steady, *self.replaced)
        return [member for member in members if member.name == DASHBOARD]

    @property
    def urls(self) -> list[str]:
        """Where they answer."""
        return [member.server.url for member in (*self.steady, *self.replaced)]

    def migrate(self) -> None:
        """Do what precedes an upgrade."""
        subprocess.run(
            [sys.executable, "-m", "pbf", "migrate"],
            cwd=ROOT,
            env={**servers.clean_environment(), **self.settings},
            capture_output=True,
            check=False,  # the database may be away
            timeout=60,
        )


@contextmanager
def fleet(settings: Mapping[str, str], *, screens: bool) -> Iterator[Fleet]:
    """Run two dashboards, if there are screens, and the routes alone twice until the block ends."""
    kinds = {"routes alone": _routes} | ({DASHBOARD: _dashboard} if screens else {})
    with ExitStack() as stack:
        members = []
        for name, command in [*kinds.items()] * 2:
            member = Member(name, command(settings, servers.free_port()))
            stack.callback(member.stop)
            members.append(member)
        yield Fleet(members[: len(kinds)], members[len(kinds) :], settings)


def _dashboard(settings: Mapping[str, str], port: int) -> OpenServer:
    script = ROOT / "app.py"
    return lambda: servers.streamlit(
        script, env=settings, folder=ROOT, port=port, launcher=LAUNCHER
    )


def _routes(settings: Mapping[str, str], port: int) -> OpenServer:
    return lambda: servers.running(
        *(*LAUNCHER, "pbf", "proxy"), health="/_/healthz", env=settings, folder=ROOT, port=port
    )
