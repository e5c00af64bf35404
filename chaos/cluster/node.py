"""One process of the product on a port that it keeps when it is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from bench import servers
from bench.servers import ROOT, TIMEOUT, clean_environment, free_port

POLL = 0.05
# It works once it has a list. /_/readyz would say so up to five seconds later.
READY = "/_/connectors"
# Longer than PBF_DRAIN and what the server itself needs.
LONGEST_END = 45.0


class Node:
    """A process started by `python -m <command> --port <port>`; its log is in a folder."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        settings: Mapping[str, str],
        *,
        health: str = READY,
    ) -> None:
        """Prepare the process; `start` runs it."""
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = dict(settings)
        self.log = folder / f"{name}.log"
        # What runs it instead of this user: a program with options, put before the command.
        self.wrapper: tuple[str, ...] = ()
        # The sources that it runs, its command, and the path that says whether it is ready.
        self.root, self.command, self.health = ROOT, tuple(command), health
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of its process."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, **settings: str) -> None:
        """Start the process, with more settings for this time; `wait` waits until it is ready."""
        environment = {**clean_environment(), "PYTHONPATH": str(self.root)}
        option = "--server.port" if self.command[0] == "streamlit" else "--port"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.wrapper, sys.executable, "-m", *self.command, option, str(self.port)],
                cwd=self._folder,
                env={**environment, **self.settings, **settings},
                stdout=log,
                stderr=log,
            )

    def wait(self, patience: float = TIMEOUT) -> float:
        """Wait until it is ready, and return the seconds."""
        started_at = time.monotonic()
        while time.monotonic() < started_at + patience:
            if not self.runs:
                break
            if self.status(self.health) == 200:
                return time.monotonic() - started_at
            time.sleep(POLL)
        raise RuntimeError(f"{self.name} is not ready: {self.log.read_text()[-500:]}")

    def status(self, path: str) -> int:
        """Return the status of a response, 0 without one."""
        try:
            return requests.get(f"{self.url}{path}", timeout=5).status_code
        except requests.RequestException:
            return 0

    def kill(self) -> None:
        """Kill the process."""
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """Send SIGTERM, and return the seconds until the process has ended."""
        started_at = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - started_at

    def freeze(self) -> None:
        """Suspend the process."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def memory(self) -> float:
        """Return its resident memory in megabytes."""
        return servers.resident_memory(self.pid)

    def descriptors(self) -> int:
        """Return the number of its open files and sockets."""
        return servers.open_descriptors(self.pid)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(LONGEST_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
