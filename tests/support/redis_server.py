"""A real Redis server for tests, on its own port and without files on disk."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.requirements import require_package
from tests.support.servers import PATIENCE, free_port


@contextmanager
def redis_server(
    folder: Path, port: int | None = None, *, password: str | None = None
) -> Iterator[str]:
    """Run a Redis server until the block ends, and yield its URL."""
    program = require_package(shutil.which("redis-server"), "Redis", "redis-server")
    port = port or free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no"}
    options |= {"requirepass": password} if password else {}
    command = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen([program, *command], stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(port, process)
        yield f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("redis-server exited")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            # While a server starts, its port is the only thing to wait for.
            time.sleep(0.05)
    raise RuntimeError("redis-server does not listen")
