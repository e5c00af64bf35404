"""What an open session holds of the server's memory."""

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
    with servers.floor() as plain:
        floor = _each(plain, "", scale.sessions)
    for size in scale.sizes[1:]:
        with servers.upstream(size) as far, servers.dashboard(far) as ours:
            value = _each(ours, "connectors", scale.sessions)
        bound = 3 if size == max(scale.sizes) else None
        name = f"an open session, {size:,} connectors"
        yield Figure(area, name, value, "MB", floor=floor, at_most=bound)


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
