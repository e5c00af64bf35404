"""Brings the incidents of one group in line with what is wrong with its connectors now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from pbf.connectors.audit import DONE
from pbf.fivetran.models import Connector
from pbf.rules.watch.incident_conditions import Finding, mass_failures
from pbf.rules.wording import capital, spaced
from pbf.store.store import Store
from pbf.store.tables import Entry
from pbf.store.watch.tables import Incident, IncidentEvent
from pbf.watch.incidents import new_event, new_incident

# What people do about an incident, as the audit log names it, and as its thread says it.
ACTIONS = {
    "return": "Came back from the Connect Card",
    "card": "Opened the Connect Card",
    "sync": "Started a sync",
    "resync": "Started a sync of all history",
    "test": "Ran the setup tests",
    "pause": "Paused it",
    "resume": "Resumed it",
    "reschedule": "Changed its schedule",
    "invite": "Asked a colleague to set it up",
}
SHOWN_ACTIONS = 20
GONE = "The connector was deleted."
# Several connectors stay one incident as long as at least so many have a problem.
FEWEST = 2


class Reconciliation:
    """One run for one group, at a time in seconds since 1970."""

    def __init__(
        self,
        store: Store,
        group_id: str,
        connectors: Sequence[Connector],
        now: float,
    ) -> None:
        """Work on the incidents of a group with these connectors."""
        self._store = store
        self._rows = store.incidents
        self._group_id = group_id
        self._connectors = {connector.id: connector for connector in connectors}
        self._now = now
        self._threads: Mapping[str, Sequence[IncidentEvent]] = {}
        self._entries: Mapping[str, Sequence[Entry]] = {}

    def run(self, findings: Sequence[Finding], open_rows: Sequence[Incident]) -> None:
        """Open, change and close incidents until they say the same as the findings."""
        current = {item.connector_id: item for item in findings}
        kept: dict[str, Incident] = {}
        of_connectors = [row for row in open_rows if row.connector_id]
        self._read(of_connectors)
        for row in of_connectors:
            item = current.get(row.connector_id)
            if item and self._is_same(row, item):
                kept[row.connector_id] = row
                self._update(row, item)
            else:
                self._end(row)
        new = [item for item in findings if item.connector_id not in kept]
        masses = [row for row in open_rows if row.kind == "source_down"]
        explained = self._open_masses(findings, new, masses)
        self._rows.open_all(
            [self._opening(item, explained.get(item.connector_id, "")) for item in new]
        )
        self._close_masses(masses, Counter(row.explained_by for row in kept.values()), explained)

    def _read(self, rows: Sequence[Incident]) -> None:
        """Read the threads of incidents, and what people did, for all of them at once."""
        self._threads = self._rows.events([row.id for row in rows])
        self._entries = self._store.audit.newest_by_connector(
            self._group_id, {row.connector_id for row in rows}, SHOWN_ACTIONS
        )

    def _is_same(self, row: Incident, item: Finding) -> bool:
        """Whether an incident goes on; a pause is another one than a problem."""
        connector = self._connectors[item.connector_id]
        if row.schema_name != connector.schema_name:
            return False  # a restarted sandbox issues the same ids again
        return (row.kind == "paused") == (item.kind == "paused")

    def _opening(self, item: Finding, explained_by: str) -> tuple[Incident, IncidentEvent]:
        """Return a new incident and its first event."""
        connector = self._connectors[item.connector_id]
        row = new_incident(
            self._group_id,
            item.kind,
            item.title,
            target=connector.id,
            opened_at=item.opens_at.timestamp(),
            explained_by=explained_by,
            connector_id=connector.id,
            connector_name=connector.title,
            schema_name=connector.schema_name,
        )
        return row, new_event(row.id, row.opened_at, "opened", item.reason)

    def _update(self, row: Incident, item: Finding) -> None:
        """Add to an incident's thread what people did, and what is different now."""
        self._add_actions(row)
        thread = self._threads.get(row.id, ())
        last = [event.text for event in thread if event.kind in ("opened", "changed")]
        is_other_kind = row.kind != item.kind
        if not is_other_kind and row.title == item.title and last[-1:] == [item.reason]:
            return
        values: dict[str, object] = {"kind": item.kind, "title": item.title}
        if is_other_kind and not row.explained_by:
            values["notified_of"] = ""  # subscribers of this kind were not notified yet
        self._rows.change(row.id, new_event(row.id, self._now, "changed", item.reason), **values)

    def _end(self, row: Incident) -> None:
        """Close an incident, or forget one that only waited."""
        if row.opened_at > self._now:
            self._rows.discard(row.id)
            return
        self._add_actions(row)
        self._rows.close(row.id, new_event(row.id, self._now, "closed", self._ending(row)))

    def _ending(self, row: Incident) -> str:
        connector = self._connectors.get(row.connector_id)
        if connector is None or connector.schema_name != row.schema_name:
            return GONE
        if connector.is_paused:
            return "The connector was paused."
        return "It was resumed." if row.kind == "paused" else "The connector works again."

    def _add_actions(self, row: Incident) -> None:
        """Add what people did about a connector since its incident opened."""
        known = [event.at for event in self._threads.get(row.id, ()) if event.kind == "action"]
        since = max([row.opened_at, *known])
        for entry in reversed(self._entries.get(row.connector_id, ())):
            at = datetime.fromisoformat(entry.at).timestamp()
            if at > since and entry.outcome == DONE and entry.what in ACTIONS:
                actor = entry.actor_name or ("" if ":" in entry.actor else entry.actor)
                text = ACTIONS[entry.what]
                self._rows.change(row.id, new_event(row.id, at, "action", text, actor))

    def _open_masses(
        self, findings: Sequence[Finding], new: Sequence[Finding], masses: list[Incident]
    ) -> dict[str, str]:
        """Open incidents of many connectors; return by connector which one explains it."""
        services = {item.id: item.service for item in self._connectors.values()}
        found = mass_failures(findings, services, new=[item.connector_id for item in new])
        by_target = {(row.open_key or "").rpartition("\n")[2]: row for row in masses}
        for service, ids in found.items():
            if service not in by_target and any(item.connector_id in ids for item in new):
                row = self._open_mass(service, len(ids))
                by_target[service] = row
                masses.append(row)
        explained: dict[str, str] = {}
        for item in new:
            service = services[item.connector_id]
            target = service if service in by_target else ""
            is_part = target or item.connector_id in found.get("", ())
            if item.kind != "paused" and is_part and target in by_target:
                explained[item.connector_id] = by_target[target].id
        return explained

    def _open_mass(self, service: str, count: int) -> Incident:
        whose = f"{capital(spaced(service))}: " if service else ""
        row = new_incident(
            self._group_id,
            "source_down",
            f"{whose}{count:,} connectors have problems at once",
            target=f"source_down\n{service}",
            opened_at=self._now,
        )
        text = "They are one incident with one notification."
        self._rows.open(row, new_event(row.id, self._now, "opened", text))
        return row

    def _close_masses(
        self,
        masses: Sequence[Incident],
        kept: Mapping[str, int],
        explained: Mapping[str, str],
    ) -> None:
        added = Counter(explained.values())
        for row in masses:
            if kept.get(row.id, 0) + added[row.id] < FEWEST:
                text = "The connectors work again, all but one at most."
                self._rows.close(row.id, new_event(row.id, self._now, "closed", text))
