"""What an open session holds of the server's memory."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import servers
from bench.figures import Figure
from bench.scale import Scale
from bench.servers import Server
from bench.sessions import session, views


def figures(scale: Scale) -> Iterator[Figure]:
    """Open sessions on the largest list, and as many on an empty page."""
    most = max(scale.sizes)
    with servers.upstream(most) as far, servers.dashboard(far) as ours:
        value = _each(ours, "connectors", scale.sessions)
    with servers.floor() as plain:
        floor = _each(plain, "", scale.sessions)
    area = "Memory (floor: an empty Streamlit page)"
    name = f"an open session, {most:,} connectors"
    yield Figure(area, name, value, "MB", floor=floor, at_most=3)


def _each(server: Server, page: str, count: int) -> float:
    """Return the megabytes that each of some open sessions adds."""
    # What the first visitors leave behind is the server's, not a session's.
    views(server.url, page, count)
    before = server.memory()
    with ExitStack() as opened:
        for _ in range(count):
            opened.enter_context(session(server.url, page))
        return max(0.0, (server.memory() - before) / count)
