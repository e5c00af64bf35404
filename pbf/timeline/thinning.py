"""How long the history is kept: single syncs for some days, the numbers of each day for longer."""

from pbf.fivetran.client import ApiClient
from pbf.store.store import Store
from pbf.store.timeline.syncs import DAY
from pbf.timeline.recorder import Recorder

INTERVAL = 6 * 3600.0


class Thinning:
    """Deletes what is older than it is kept."""

    def __init__(self, client: ApiClient, store: Store, recorder: Recorder, *, days: float) -> None:
        """Keep days, observed times and closed incidents for so many days.

        The recorder says from when on single syncs are kept.
        """
        self._client = client
        self._store = store
        self._recorder = recorder
        self._days = days

    def run(self) -> None:
        """Delete what is too old by Fivetran's clock; nothing while that clock is not known.

        Raises StoreFailed.
        """
        now = self._client.latest.date
        if now is None:
            return
        end = now - self._days * DAY
        self._store.syncs.thin(self._recorder.oldest(now))
        self._store.syncs.delete_days(end)
        self._store.observations.delete_before(end)
        self._store.last_seen.delete_before(end)
        self._store.incidents.delete_closed_before(end)
