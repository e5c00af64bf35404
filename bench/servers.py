"""The servers of a run, each in its own process on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from dotenv import dotenv_values

from pbf.sandbox.core.world import API_KEY, API_SECRET, GROUP_ID

ROOT = Path(__file__).parents[1]
TIMEOUT = 60.0
SIGNING_KEY = "of-the-benchmark-alone-0123456789"
SETTING_PREFIXES = ("FIVETRAN_", "PBF_", "STREAMLIT_", "BENCH_")


@dataclass(frozen=True)
class Server:
    """A running server and its process."""

    url: str
    process: "subprocess.Popen[bytes]"

    def memory(self) -> float:
        """Return its resident memory in megabytes."""
        return resident_memory(self.process.pid)

    def descriptors(self) -> int:
        """Return the number of its open files and sockets."""
        return open_descriptors(self.process.pid)

    def processor_seconds(self) -> float:
        """Return the processor time that it has used."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_memory(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def open_descriptors(pid: int) -> int:
    """Return the number of open files and sockets of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    *command: str,
    health: str,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    poll: float = 0.05,
    port: int | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Server]:
    """Run `python -m <command> --port <port>` until the block ends, once it answers."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as own, open(f"{own}/log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *_port(command, port)],
            cwd=folder or own,
            env={**clean_environment(), **(env or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(f"{url}{health}", process, Path(log.name), poll, timeout)
            yield Server(url, process)
        finally:
            _stop(process)


def upstream(
    connectors: int, *, quiet: bool = False, port: int | None = None
) -> AbstractContextManager[Server]:
    """Run the upstream sandbox with so many connectors; quiet, none of them moves."""
    command = ["bench.upstream", "--connectors", str(connectors), *(["--quiet"] if quiet else [])]
    return running(*command, health="/_bench/count", port=port)


def no_settings() -> dict[str, str]:
    """Return an empty value for each setting, which hides what the developer's own .env says."""
    return dict.fromkeys(dotenv_values(ROOT / ".env.example"), "")


def account(upstream: Server, **settings: str) -> dict[str, str]:
    """Return the settings of the account on a upstream sandbox."""
    return {
        **no_settings(),
        "FIVETRAN_API_URL": upstream.url,
        "FIVETRAN_API_KEY": API_KEY,
        "FIVETRAN_API_SECRET": API_SECRET,
        "FIVETRAN_GROUP_ID": GROUP_ID,
        "PBF_DATABASE_URL": "sqlite://",
        "PBF_SIGNING_KEY": SIGNING_KEY,
        **settings,
    }


def dashboard(
    upstream: Server,
    *,
    poll: float = 0.05,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> AbstractContextManager[Server]:
    """Run the product as `streamlit run app.py` does."""
    env = account(upstream, **(settings or {}))
    # Where Streamlit finds the product's own configuration, as `make run` does.
    return streamlit(ROOT / "app.py", env=env, folder=ROOT, poll=poll, port=port)


def floor(
    env: Mapping[str, str] | None = None, *, poll: float = 0.05
) -> AbstractContextManager[Server]:
    """Run the floor: an empty page, a ten-row table, and bare routes beside them."""
    return streamlit(Path(__file__).with_name("floor_app.py"), env=env, poll=poll)


def streamlit(
    script: Path,
    *,
    env: Mapping[str, str] | None,
    folder: Path | None = None,
    poll: float = 0.05,
    port: int | None = None,
    launcher: tuple[str, ...] = (),
) -> AbstractContextManager[Server]:
    """Run a Streamlit server, if need be by a module that runs another one."""
    return running(
        *(*launcher, "streamlit", "run", str(script), "--server.headless", "true"),
        *("--server.address", "127.0.0.1"),
        *("--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"),
        health="/_stcore/health",
        env=env,
        folder=folder,
        poll=poll,
        port=port,
    )


def counted(upstream: Server) -> int:
    """Return how many API requests a upstream sandbox has had."""
    return int(requests.get(f"{upstream.url}/_bench/count", timeout=30).json())


def clean_environment() -> dict[str, str]:
    """Return the environment without the developer's own settings."""
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(SETTING_PREFIXES)
    }
    return {**inherited, "PYTHONPATH": str(ROOT)}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _port(command: tuple[str, ...], port: int) -> tuple[str, str]:
    return ("--server.port" if "streamlit" in command else "--port", str(port))


def _wait(
    url: str, process: "subprocess.Popen[bytes]", log: Path, poll: float, timeout: float
) -> None:
    end = time.monotonic() + timeout
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                session.get(url, timeout=5)
                return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(poll)
    raise RuntimeError(f"no answer at {url}: {log.read_text(encoding='utf-8')[-2000:]}")
