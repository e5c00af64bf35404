"""What an open session holds of the server's memory."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import servers
from bench.figures import Figure
from bench.scale import Scale
from bench.servers import Server
from bench.sessions import session


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
    """Return the megabytes that each of some open sessions adds, beyond what the first ones do."""
    with ExitStack() as opened:

        def open_more(number: int) -> float:
            for _ in range(number):
                opened.enter_context(session(server.url, page))
            return server.memory()

        # What the first visitors bring into memory is the server's, not a session's; and as none
        # of them leaves, what the later ones take is not what others have given back.
        before = open_more(count)
        return (open_more(2 * count) - before) / (2 * count)
