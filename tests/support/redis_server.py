"""A real Redis server for tests, on a port of its own and with nothing on disk."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import PATIENCE, free_port

MISSING = "These tests need Redis: install your system's package redis-server."


def redis_program() -> str:
    """Return the path of redis-server; without one skip the test, or fail it in CI."""
    program = shutil.which("redis-server")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return program


@contextmanager
def redis_server(
    folder: Path, port: int | None = None, *, password: str | None = None
) -> Iterator[str]:
    """Run a Redis server until the block ends, and yield its URL."""
    port = port or free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no"}
    options |= {"requirepass": password} if password else {}
    command = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen([redis_program(), *command], stdout=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(port, process)
        yield f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("redis-server ended")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            # A server that is starting offers nothing to wait on but its port.
            time.sleep(0.05)
    raise RuntimeError("redis-server does not listen")
