"""Load on one route of a server on this machine, from a process of its own, for a bounded time.

Debian's wrk where it is installed, for whole seconds, else threads with http.client:
python -m bench.load URL.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
MOST_SECONDS = 30.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Load:
    """Requests a second, and milliseconds of the middle and of the slowest hundredth."""

    rate: float
    p50: float
    p99: float


class NotLoopback(ValueError):
    """The address is not of this machine."""


def check_loopback(url: str) -> None:
    """Raise NotLoopback for an address that is not of this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return
    try:
        if ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise NotLoopback(f"{url} is not on this machine; load goes to loopback addresses only.")


def measure(
    url: str, *, callers: int, seconds: float, headers: dict[str, str] | None = None
) -> Load:
    """Call a URL from so many callers for a while, and return how it went."""
    check_loopback(url)
    seconds = min(seconds, MOST_SECONDS)
    sent = [f"{name}: {value}" for name, value in (headers or {}).items()]
    wrk = shutil.which("wrk")
    if wrk and seconds >= 1:
        return _wrk(wrk, url, callers, seconds, sent)
    command = [sys.executable, "-m", "bench.load", url, "--callers", str(callers)]
    command += ["--seconds", str(seconds), *(part for one in sent for part in ("--header", one))]
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return Load(**json.loads(done.stdout))


def _wrk(program: str, url: str, callers: int, seconds: float, sent: list[str]) -> Load:
    headers = [part for one in sent for part in ("-H", one)]
    command = [program, "-t1", f"-c{callers}", f"-d{round(seconds)}s", "--latency"]
    done = subprocess.run([*command, *headers, url], check=True, capture_output=True, text=True)
    found = dict(re.findall(r"^ +(50%|99%) +(\S+)$", done.stdout, re.MULTILINE))
    rate = re.search(r"Requests/sec: +([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"{url} did not answer as it should: {done.stdout}")
    return Load(float(rate[1]), _milliseconds(found["50%"]), _milliseconds(found["99%"]))


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


def by_threads(url: str, callers: int, seconds: float, headers: dict[str, str]) -> Load:
    """Call a URL from threads of this process, and return how it went."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}".rstrip("?")
    end = time.perf_counter() + seconds

    def call(_: int) -> list[float]:
        mine = []
        with closing(HTTPConnection(parts.hostname or "", parts.port)) as link:
            # Once at least, however long a busy machine takes to begin.
            while (began := time.perf_counter()) < end or not mine:
                link.request("GET", path, headers=headers)
                with link.getresponse() as answer:
                    answer.read()
                if answer.status not in (200, 304):
                    raise RuntimeError(f"{url} answered {answer.status}")
                mine.append(1000 * (time.perf_counter() - began))
        return mine

    with ThreadPoolExecutor(callers) as pool:
        taken = sorted(one for mine in pool.map(call, range(callers)) for one in mine)
    return Load(len(taken) / seconds, taken[len(taken) // 2], taken[int(len(taken) * 0.99)])


def main() -> None:
    """Measure one URL and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--header", action="append", default=[])
    chosen = parser.parse_args()
    check_loopback(chosen.url)
    headers = dict(one.split(": ", 1) for one in chosen.header)
    print(json.dumps(asdict(by_threads(chosen.url, chosen.callers, chosen.seconds, headers))))


if __name__ == "__main__":
    main()
