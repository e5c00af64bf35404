"""The server's memory per open session."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import servers
from bench.figures import Figure
from bench.scale import Scale
from bench.servers import Server
from bench.sessions import session


def figures(scale: Scale) -> Iterator[Figure]:
    """Open sessions on lists of each length, and as many on an empty page."""
    area = "Memory (floor: an empty Streamlit page)"
    with servers.floor() as empty:
        floor = _per_session(empty, "", scale.sessions)
    for size in scale.sizes[1:]:
        with servers.upstream(size) as upstream, servers.dashboard(upstream) as product:
            value = _per_session(product, "connectors", scale.sessions)
        bound = 3 if size == max(scale.sizes) else None
        name = f"an open session, {size:,} connectors"
        yield Figure(area, name, value, "MB", floor=floor, at_most=bound)


def _per_session(server: Server, page: str, count: int) -> float:
    """Return the megabytes that each further open session adds."""
    with ExitStack() as opened:

        def open_more(number: int) -> float:
            for _ in range(number):
                opened.enter_context(session(server.url, page))
            return server.memory()

        # The first sessions also load shared data and modules, so they are not counted. No session
        # closes, so the later ones cannot reuse memory that others have freed.
        before = open_more(count)
        return (open_more(2 * count) - before) / (2 * count)
