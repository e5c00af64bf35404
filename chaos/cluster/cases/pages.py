"""All pages and the way to the Connect Card and back, in every way to put nginx in front."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.browser import chromium
from bench.figures import Figure
from chaos.cluster.cluster import Cluster
from chaos.cluster.front import Variant
from chaos.cluster.journey import travel

PREFIX = "/data/connections"


def case(name: str, variant: Variant) -> Callable[[Cluster], Iterator[Figure]]:
    """Return the case of one way to put nginx in front."""
    return partial(_travel, area=f"Pages and journey, {name}", variant=variant)


def _travel(cluster: Cluster, *, area: str, variant: Variant) -> Iterator[Figure]:
    with cluster.behind(variant) as url, chromium() as browser:
        started_at = time.monotonic()
        name = f"Journey {int(time.time())}"
        traffic = travel(browser, url, cluster.fivetran.node.url, name)
        taken = time.monotonic() - started_at
    for line in (*traffic.refused, *traffic.errors, *sorted(traffic.foreign)):
        print(f"{area}: {line}", file=sys.stderr)
    yield Figure(area, "seconds", taken, "s")
    yield Figure(area, "responses with 4xx or 5xx", len(traffic.refused), "", at_most=0)
    yield Figure(area, "errors in the console", len(traffic.errors), "", at_most=0)
    yield Figure(area, "requests to another address", len(traffic.foreign), "", at_most=0)
