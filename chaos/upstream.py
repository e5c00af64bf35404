"""An upstream that can fail and recover at the same address."""

import signal
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from bench import servers
from bench.servers import Server


class Upstream:
    """The delayed sandbox, which can refuse connections or accept them without a response."""

    def __init__(self, connectors: int, *, silent: bool) -> None:
        """Serve some connectors; if `silent`, an outage means no response instead of a refusal."""
        self._connectors = connectors
        self._silent = silent
        self._port = servers.free_port()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start the sandbox."""
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the sandbox."""
        self.server.process.send_signal(signal.SIGCONT)
        self._running.close()

    def begin_outage(self) -> None:
        """Begin the outage: stop the process, or close its port."""
        if self._silent:
            self.server.process.send_signal(signal.SIGSTOP)
        else:
            self._running.close()

    def end_outage(self) -> None:
        """End the outage."""
        if self._silent:
            self.server.process.send_signal(signal.SIGCONT)
        else:
            self._start()

    def _start(self) -> None:
        server = servers.upstream(self._connectors, port=self._port)
        self.server: Server = self._running.enter_context(server)
