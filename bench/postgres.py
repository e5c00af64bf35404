"""A PostgreSQL server of the benchmarks' own, as it is configured by default."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

import psycopg

from bench.servers import TIMEOUT, free_port

OPTIONS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
MISSING = "The figures of the sync history need PostgreSQL: install your system's postgresql."


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server until the block ends, and yield the URL of its empty database."""
    folder, port = Path(tempfile.mkdtemp(prefix="pbf-bench-")), free_port()
    user = _unprivileged(folder)
    options = [part for pair in OPTIONS.items() for part in ("-c", "=".join(pair))]
    process = None
    try:
        subprocess.run(
            [_binaries() / "initdb", "-D", folder / "data", *INITDB],
            check=True,
            stdout=DEVNULL,
            cwd=folder,
            user=user,
        )
        process = subprocess.Popen(
            [_binaries() / "postgres", "-D", folder / "data", "-p", str(port), *options],
            stdout=DEVNULL,
            stderr=DEVNULL,
            cwd=folder,
            user=user,
        )
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait(url)
        yield url
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = str(versions[-1]) if versions else shutil.which("initdb")
    if path is None:
        raise SystemExit(MISSING)
    return Path(path).parent


def _unprivileged(folder: Path) -> int | None:
    """Return the user that owns the folder from now on: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


def _wait(url: str) -> None:
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
