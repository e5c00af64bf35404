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


@contextmanager
def postgres(options: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Run a server until the block ends, and yield the URL of its empty database.

    Without `options`, it is configured as by default.
    """
    initdb = find_initdb()
    if initdb is None:
        raise SystemExit(MISSING)
    folder, port = Path(tempfile.mkdtemp(prefix="pbf-postgres-")), free_port()
    data, user = folder / "data", _unprivileged_user(folder)
    pairs = {**OPTIONS, **options}.items()
    arguments = [part for name, value in pairs for part in ("-c", f"{name}={value}")]
    process = None
    try:
        if _start(folder, user, initdb, "-D", data, *INITDB).wait():
            raise RuntimeError("initdb failed")
        server = Path(initdb).with_name("postgres")
        process = _start(folder, user, server, "-D", data, "-p", str(port), *arguments)
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait(url, process)
        yield url
    finally:
        if process is not None:
            # Immediately: without a checkpoint of databases that are deleted anyway.
            process.send_signal(signal.SIGQUIT)
            process.wait(20)
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
