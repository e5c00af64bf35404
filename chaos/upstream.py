"""A Fivetran that goes away and comes back at the same address."""

import signal
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from bench import servers
from bench.servers import Server


class Upstream:
    """The far sandbox, which can refuse connections, or take them and say nothing."""

    def __init__(self, connectors: int, *, silent: bool) -> None:
        """Hold so many connectors; away, be silent instead of refusing."""
        self._connectors = connectors
        self._silent = silent
        self._port = servers.free_port()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start it."""
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.server.process.send_signal(signal.SIGCONT)
        self._running.close()

    def go_away(self) -> None:
        """Be there for nobody; refusing, nothing listens any more."""
        if self._silent:
            self.server.process.send_signal(signal.SIGSTOP)
        else:
            self._running.close()

    def come_back(self) -> None:
        """Answer again, at the same address."""
        if self._silent:
            self.server.process.send_signal(signal.SIGCONT)
        else:
            self._start()

    def _start(self) -> None:
        started = servers.upstream(self._connectors, port=self._port)
        self.server: Server = self._running.enter_context(started)
