"""Load one route of a server on this machine from another process for a limited time.

Uses wrk if it is installed and the time is at least a second, otherwise threads with http.client:
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
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
MAX_SECONDS = 30.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Load:
    """Requests per second, and percentiles of the response time in milliseconds."""

    rate: float
    p50: float
    p99: float


class NotLoopback(ValueError):
    """The address is not a loopback address."""


def check_loopback(url: str) -> None:
    """Raise NotLoopback unless the address is a loopback address."""
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
    """Call a URL from several callers for some seconds and return the measured load."""
    check_loopback(url)
    seconds = min(seconds, MAX_SECONDS)
    sent = [f"{name}: {value}" for name, value in (headers or {}).items()]
    wrk = shutil.which("wrk")
    if wrk and seconds >= 1:
        return _wrk(wrk, url, callers, seconds, sent)
    command = [sys.executable, "-m", "bench.load", url, "--callers", str(callers)]
    command += [
        "--seconds",
        str(seconds),
        *(part for header in sent for part in ("--header", header)),
    ]
    result = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return Load(**json.loads(result.stdout))


def _wrk(program: str, url: str, callers: int, seconds: float, sent: list[str]) -> Load:
    headers = [part for header in sent for part in ("-H", header)]
    command = [program, "-t1", f"-c{callers}", f"-d{round(seconds)}s", "--latency"]
    result = subprocess.run([*command, *headers, url], check=True, capture_output=True, text=True)
    percentiles = dict(re.findall(r"^ +(50%|99%) +(\S+)$", result.stdout, re.MULTILINE))
    rate = re.search(r"Requests/sec: +([\d.]+)", result.stdout)
    if rate is None or "Non-2xx" in result.stdout:
        raise RuntimeError(f"{url} did not answer successfully: {result.stdout}")
    return Load(
        float(rate[1]), _milliseconds(percentiles["50%"]), _milliseconds(percentiles["99%"])
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


def by_threads(url: str, callers: int, seconds: float, headers: dict[str, str]) -> Load:
    """Call a URL from threads of this process and return the measured load."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}".rstrip("?")
    end = time.perf_counter() + seconds

    def call(_: int) -> list[float]:
        times: list[float] = []
        with closing(HTTPConnection(parts.hostname or "", parts.port)) as connection:
            # At least once, even if a busy machine starts this thread late.
            while (started_at := time.perf_counter()) < end or not times:
                connection.request("GET", path, headers=headers)
                with connection.getresponse() as response:
                    response.read()
                if response.status not in (200, 304):
                    raise RuntimeError(f"{url} answered {response.status}")
                times.append(1000 * (time.perf_counter() - started_at))
        return times

    with ThreadPoolExecutor(callers) as pool:
        all_times = sorted(chain.from_iterable(pool.map(call, range(callers))))
    count = len(all_times)
    return Load(count / seconds, all_times[count // 2], all_times[int(count * 0.99)])


def main() -> None:
    """Measure one URL and print the load as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--header", action="append", default=[])
    options = parser.parse_args()
    check_loopback(options.url)
    headers = dict(header.split(": ", 1) for header in options.header)
    print(json.dumps(asdict(by_threads(options.url, options.callers, options.seconds, headers))))


if __name__ == "__main__":
    main()
