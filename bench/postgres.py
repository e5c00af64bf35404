"""A PostgreSQL server of our own on a free port, deleted at the end; the tests use it, too."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from types import MappingProxyType

import psycopg

from bench.servers import TIMEOUT, free_port

OPTIONS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
MISSING = "The figures of the sync history need PostgreSQL: install your system's postgresql."


class Postgres:
    """A server with data of its own, which can be stopped, killed and started again."""

    def __init__(self, folder: Path, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """Make an empty database in a folder; without `options`, it is configured as by default."""
        initdb = find_initdb()
        if initdb is None:
            raise SystemExit(MISSING)
        port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        data, self._folder = folder / "data", folder
        self._user = _unprivileged_user(folder)
        pairs = {**OPTIONS, **options, "port": str(port)}.items()
        arguments = [part for name, value in pairs for part in ("-c", f"{name}={value}")]
        self._command: tuple[str | Path, ...] = (
            *(Path(initdb).with_name("postgres"), "-D", data),
            *arguments,
        )
        self._process: subprocess.Popen[bytes] | None = None
        if _start(folder, self._user, initdb, "-D", data, *INITDB).wait():
            raise RuntimeError("initdb failed")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = _start(self._folder, self._user, *self._command)
        _wait(self.url, self._process)

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server; by default immediately, without a checkpoint."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def processes(self) -> list[int]:
        """Return the ids of the server's processes, the first of which is the main one."""
        if self._process is None:
            return []
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [pid, *map(int, children)]


@contextmanager
def postgres(options: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Run a server until the block ends, and yield the URL of its empty database.

    Without `options`, it is configured as by default.
    """
    folder = Path(tempfile.mkdtemp(prefix="pbf-postgres-"))
    try:
        server = Postgres(folder, options)
        try:
            server.start()
            yield server.url
        finally:
            # Immediately: without a checkpoint of databases that are deleted anyway.
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_initdb() -> str | None:
    """Return the path of initdb, which has postgres beside it, or None without PostgreSQL."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(versions[-1]) if versions else shutil.which("initdb")


def _unprivileged_user(folder: Path) -> pwd.struct_passwd | None:
    """Return the user that owns the folder from now on: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user


def _start(
    folder: Path, user: pwd.struct_passwd | None, *command: str | Path
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        stdout=DEVNULL,
        stderr=DEVNULL,
        cwd=folder,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("postgres exited")
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            # While a server starts, its port is the only thing to wait for.
            time.sleep(0.05)
    raise RuntimeError("postgres does not respond")
