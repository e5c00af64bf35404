"""The time from the start command to the page."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench import servers
from bench.browser import Condition, chromium, first_load
from bench.figures import Figure, against, in_turns
from bench.pages import EMPTY
from bench.scale import Scale
from bench.servers import Server

POLL = 0.01
OVERVIEW = Condition(".pbf-tiles")
EMPTY_SCRIPT = Path(__file__).with_name("floor_pages") / "menu.py"


def figures(scale: Scale) -> Iterator[Figure]:
    """Start the product with its own sandbox and an empty script alternately."""
    with chromium() as browser:

        def time_to_page(
            start: Callable[[], AbstractContextManager[Server]], condition: Condition
        ) -> float:
            started_at = time.perf_counter()
            with start() as server:
                start_ms = 1000 * (time.perf_counter() - started_at)
                return start_ms + first_load(browser, server.url, condition)

        def product() -> AbstractContextManager[Server]:
            return servers.streamlit(servers.ROOT / "app.py", env=servers.no_settings(), poll=POLL)

        def floor() -> AbstractContextManager[Server]:
            return servers.streamlit(EMPTY_SCRIPT, env=None, poll=POLL)

        pairs = in_turns(
            scale, lambda: time_to_page(product, OVERVIEW), lambda: time_to_page(floor, EMPTY)
        )
    area = "Start-up (floor: streamlit run of an empty script)"
    yield against(area, "from the command to the page", "ms", pairs, at_most=1.5)
