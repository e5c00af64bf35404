"""From the command to the page on the screen."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench import servers
from bench.browser import Wanted, chromium, first_load
from bench.figures import Figure, against, in_turns
from bench.pages import EMPTY
from bench.scale import Scale
from bench.servers import Server

POLL = 0.01
OVERVIEW = Wanted(".pbf-tiles")
EMPTY_SCRIPT = Path(__file__).with_name("floor_pages") / "menu.py"


def figures(scale: Scale) -> Iterator[Figure]:
    """Start the product with its own sandbox, and an empty script, in turns."""
    with chromium() as browser:

        def shown(start: Callable[[], AbstractContextManager[Server]], wanted: Wanted) -> float:
            began = time.perf_counter()
            with start() as server:
                up = 1000 * (time.perf_counter() - began)
                return up + first_load(browser, server.url, wanted)

        def ours() -> AbstractContextManager[Server]:
            return servers.streamlit(servers.ROOT / "app.py", env=servers.no_settings(), poll=POLL)

        def floor() -> AbstractContextManager[Server]:
            return servers.streamlit(EMPTY_SCRIPT, env=None, poll=POLL)

        pairs = in_turns(scale, lambda: shown(ours, OVERVIEW), lambda: shown(floor, EMPTY))
    area = "Start-up (floor: streamlit run of an empty script)"
    yield against(area, "from the command to the page", "ms", pairs, at_most=1.5)
