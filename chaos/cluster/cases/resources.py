"""What callers of unknown paths and visitors who leave cost a process in the end."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

from bench.figures import Figure
from bench.sessions import views
from chaos.cluster.cluster import Cluster
from chaos.cluster.node import Node
from chaos.cluster.observed import wait_for

CALLERS = 4
PATHS = ("/static/js/{}.js", "/_/{}", "/{}", "/media/{}", "/_stcore/{}")
# Of the first requests, which allocate what is kept for all.
WARM_UP = 0.25
GROWTH = 1.1
# Streamlit keeps a session without a connection for so many seconds.
EXPIRY = 2
# How long descriptors may take to be closed.
PATIENCE = 60.0


def unknown_paths(cluster: Cluster) -> Iterator[Figure]:
    """Request many paths that do not exist."""
    count = cluster.size.unknown_paths
    area = f"{count:,} unknown paths"

    def request(node: Node, first: int, last: int) -> None:
        with ThreadPoolExecutor(CALLERS) as pool:
            steps = range(first, last)
            list(pool.map(lambda part: _request(node.port, part), _parts(steps)))

    yield from _growth(cluster, area, count, request)


def opened_tabs(cluster: Cluster) -> Iterator[Figure]:
    """Open and close many tabs."""
    count = cluster.size.opened_tabs
    area = f"{count:,} tabs opened and closed"
    yield from _growth(
        cluster, area, count, lambda node, first, last: views(node.url, "overview", last - first)
    )


def _growth(
    cluster: Cluster, area: str, count: int, work: Callable[[Node, int, int], None]
) -> Iterator[Figure]:
    node = cluster.node("resources", STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(EXPIRY))
    try:
        node.start()
        node.wait()
        warm_up = int(count * WARM_UP)
        work(node, 0, warm_up)
        _wait_until_idle(node)
        memory, descriptors = node.memory(), node.descriptors()
        work(node, warm_up, warm_up + count)
        wait_for(lambda: node.descriptors() <= descriptors, PATIENCE)
        later = node.memory()
        ratio = later / memory
        yield Figure(area, "memory", later, "MB", memory, ratio, at_most=GROWTH)
        now = node.descriptors()
        yield Figure(area, "descriptors", now, "", descriptors, now / descriptors, at_most=GROWTH)
    finally:
        node.kill()


def _wait_until_idle(node: Node) -> None:
    """Wait until the number of descriptors has not fallen for a while."""
    lowest, still = node.descriptors(), threading.Event()
    for _ in range(2 * EXPIRY + 2):
        still.wait(1)
        lowest = min(lowest, node.descriptors())
    wait_for(lambda: node.descriptors() <= lowest, PATIENCE)


def _parts(numbers: range) -> list[range]:
    return [numbers[index::CALLERS] for index in range(CALLERS)]


def _request(port: int, numbers: range) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number in numbers:
            connection.request("GET", PATHS[number % len(PATHS)].format(f"unknown-{number}"))
            with connection.getresponse() as response:
                response.read()
