"""Redis on a port that it keeps when it is started again, without files on disk."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from redis import Redis, RedisError

from bench.servers import TIMEOUT, free_port


class RedisServer:
    """A server that can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        """Prepare the server; `start` runs it."""
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        program = shutil.which("redis-server")
        if program is None:
            raise SystemExit("This measurement needs Redis: install your system's redis-server.")
        options = {"port": self.port, "bind": "127.0.0.1", "dir": folder, "save": ""}
        given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._command = (program, *given)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=DEVNULL)
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                self.command("PING")
                return
            except RedisError:
                time.sleep(0.02)
        raise RuntimeError("redis-server does not answer")

    def command(self, *words: str) -> Any:
        """Send a command, and return its response."""
        with Redis.from_url(self.url, socket_timeout=5) as client:
            return client.execute_command(*words)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server's process."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the server, if it runs."""
        if self._process is not None:
            self.send(number)
            self._process.wait(20)
            self._process = None
