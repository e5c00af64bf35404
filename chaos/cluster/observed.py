"""What tabs and calls have noticed during a trouble, as figures with their bounds."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.figures import Figure
from chaos.cluster.calls import DONE, REFUSED, Call, Calls
from chaos.cluster.cluster import Cluster
from chaos.cluster.tabs import Tab

# Milliseconds of a read, seconds until a write is refused and until a tab is back.
QUICK, LONGEST_REFUSAL, LONGEST_ABSENCE = 100.0, 5.0, 3.0
PATIENCE = 60.0


@dataclass
class Observed:
    """The tabs and calls of one case, and when its trouble began."""

    cluster: Cluster
    area: str
    tabs: Sequence[Tab]
    calls: Calls
    # When the load was there, and when the trouble began.
    calm_from: float
    # The connectors that there were before, by name; another database may have their entries.
    before: frozenset[str]
    began_at: float = field(default_factory=time.monotonic)

    def reads(self) -> Iterator[Figure]:
        """No list failed."""
        yield self._failed("read", "reads")

    def _failed(self, kind: str, name: str) -> Figure:
        calls = self.calls.since(self.began_at, kind)
        failed = [call for call in calls if call.status != DONE]
        kinds = {f"{call.status} {_without_id(call.path)}" for call in failed}
        named = f" ({', '.join(sorted(kinds))})" if kinds else ""
        what = f"of {len(calls)} {name} failed{named}"
        return Figure(self.area, what, len(failed), "", at_most=0)

    def quick_reads(self) -> Iterator[Figure]:
        """No list and no probe failed or was slow."""
        for kind, name in (("read", "reads"), ("probe", "liveness probes")):
            calls = self.calls.since(self.began_at, kind)
            yield self._failed(kind, name)
            calm = _p99(self.calls.between(self.calm_from, self.began_at, kind))
            # On a machine that is busy with something else, twice as slow as without the trouble.
            bound, value = max(QUICK, 2 * calm), _p99(calls)
            yield Figure(self.area, f"p99 of {name}", value, "ms", calm, at_most=bound)
            slowest = max(calls, key=lambda call: call.milliseconds)
            what = f"slowest of them ({_without_id(slowest.path)})"
            yield Figure(self.area, what, slowest.milliseconds, "ms")

    def writes(self) -> Iterator[Figure]:
        """Each write was done or refused in time, with no other error."""
        calls = self.calls.since(self.began_at, "write")
        refused = [call for call in calls if call.status in REFUSED]
        others = Counter(call.status for call in calls if call.status not in (DONE, *REFUSED))
        yield Figure(self.area, f"of {len(calls)} writes refused, repeated", len(refused), "")
        named = f" ({', '.join(map(str, others))})" if others else ""
        yield Figure(self.area, f"writes without an answer{named}", others.total(), "", at_most=0)
        slowest = max((call.milliseconds for call in refused), default=0.0) / 1000
        yield Figure(self.area, "slowest refusal", slowest, "s", at_most=LONGEST_REFUSAL)

    def tabs_back(self) -> Iterator[Figure]:
        """All tabs came back in time, with what was typed in them."""
        absences = [one for tab in self.tabs for one in tab.absences]
        name = f"longest of {len(absences)} absences of tabs"
        longest = max((one.seconds for one in absences), default=0.0)
        yield Figure(self.area, name, longest, "s", at_most=LONGEST_ABSENCE)
        lost = sum(tab.without_text for tab in self.tabs)
        yield Figure(self.area, "runs of pages without the typed text", lost, "", at_most=0)

    def audit(self) -> Iterator[Figure]:
        """Each change is in the audit log, and each connector was created once."""
        cluster, writes = self.cluster, self.calls.writes
        wait_for(lambda: not self._missing())
        missing, changes = self._missing(), _changes(cluster, writes.connector_id)
        yield Figure(self.area, "creations missing in the audit log", missing, "", at_most=0)
        lost = max(0, writes.changes - changes)
        yield Figure(self.area, "other changes missing there", lost, "", at_most=0)
        names = [one["schema"] for one in cluster.fivetran.connectors()]
        counts = Counter(name for name in names if name in writes.created)
        wrong = sum(counts[name] != 1 for name in writes.created)
        yield Figure(self.area, "connectors not created once", wrong, "", at_most=0)

    def _missing(self) -> int:
        """Return how many connectors of these callers the audit log does not have."""
        recorded = {name for _, name in self.cluster.audited("create")}
        return len(_created(self.cluster) - self.before - recorded)


@contextmanager
def observing(cluster: Cluster, area: str) -> Iterator[Observed]:
    """Put a cluster under load, and let it run calmly for a moment before and after the block."""
    before = _created(cluster)
    with cluster.under_load() as (tabs, calls):
        calm_from = time.monotonic()
        time.sleep(cluster.size.calm)
        yield Observed(cluster, area, tabs, calls, calm_from, before)
        time.sleep(2 * cluster.size.calm)


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE) -> float:
    """Wait until a condition holds, or for `patience` seconds, and return the seconds."""
    started_at = time.monotonic()
    while not condition() and time.monotonic() < started_at + patience:
        time.sleep(0.1)
    return time.monotonic() - started_at


def _created(cluster: Cluster) -> frozenset[str]:
    """Return the names of the connectors that callers have created."""
    names = (item["schema"] for item in cluster.fivetran.connectors())
    return frozenset(name for name in names if name.startswith("load_"))


def _changes(cluster: Cluster, connector_id: str) -> int:
    entries = [*cluster.audited("pause"), *cluster.audited("resume")]
    return sum(one == connector_id for one, _ in entries)


def _without_id(path: str) -> str:
    return re.sub(r"/connectors/.+", "/connectors/<id>", path)


def _p99(calls: Sequence[Call]) -> float:
    """Return the milliseconds that 99 of 100 calls do not exceed."""
    times = sorted(call.milliseconds for call in calls)
    return times[int(len(times) * 0.99)] if times else 0.0
