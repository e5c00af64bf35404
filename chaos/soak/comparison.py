"""Compares what people were answered with the sandbox's truth and the audit log."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.soak.people import Owned, Person
from chaos.soak.witness import Witness
from pbf.sandbox.sandbox import Sandbox
from pbf.store.store import Store

DONE = "done"
TAKEN_BACK = "taken back"
FOR_GOOD = ("delete", "delete for good")


@dataclass
class Differences:
    """What is wrong, in words; each list should be empty.

    `unrecorded` are actions without an entry in the audit log; `untrue` are entries of what did
    not happen.
    """

    requested: int = 0
    deleted: int = 0
    entries: int = 0
    taken_back: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    undeleted: list[str] = field(default_factory=list)
    misscheduled: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)


class Entries:
    """The audit log: the number of entries of each action and outcome about each connector."""

    def __init__(self, store: Store, group_id: str) -> None:
        """Read the entries of a group."""
        self.by_connector: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.total = 0
        for entry in store.audit.entries(group_id):
            self.by_connector[entry.connector_id][entry.what, entry.outcome] += 1
            self.total += 1

    def count(self, connector_id: str, *actions: str, outcome: str = "") -> int:
        """Return how many entries a connector has about actions, with any outcome or this one."""
        return sum(
            number
            for (action, result), number in self.by_connector[connector_id].items()
            if action in actions and outcome in ("", result)
        )


def compare(world: Sandbox, store: Store, witness: Witness, people: list[Person]) -> Differences:
    """Return how a run that has settled differs from what people were answered."""
    entries = Entries(store, world.group_id)
    owned = [connector for person in people for connector in person.connectors]
    differences = Differences(requested=len(owned), entries=entries.total)
    differences.deleted = sum(connector.is_deleted for connector in owned)
    for connector in owned:
        differences.taken_back += entries.count(connector.connector_id, TAKEN_BACK)
        _compare_state(world, connector, entries, differences)
        differences.unrecorded += _unrecorded(connector, witness, entries)
    differences.twice += [name for name, count in witness.created.items() if count > 1]
    differences.twice += [
        f"deletion of {one}" for one, count in witness.deleted.items() if count > 1
    ]
    schemas = {connector.schema for connector in owned}
    differences.unexpected += [
        connection.schema
        for connection in world.connections.values()
        if connection.schema not in schemas
    ]
    differences.untrue += _untrue(witness, entries, owned)
    return differences


def _compare_state(
    world: Sandbox, owned: Owned, entries: Entries, differences: Differences
) -> None:
    connection = world.connections.get(owned.connector_id)
    if connection is None:
        if not owned.is_deleted:
            differences.lost.append(owned.schema)
        return
    if owned.is_deleted and not entries.count(owned.connector_id, TAKEN_BACK):
        differences.undeleted.append(owned.schema)
    if owned.frequency and connection.sync_frequency != owned.frequency:
        minutes = f"{connection.sync_frequency} instead of {owned.frequency} minutes"
        differences.misscheduled.append(f"{owned.schema}: {minutes}")


def _unrecorded(owned: Owned, witness: Witness, entries: Entries) -> Iterator[str]:
    """Yield what was answered or seen by Fivetran, and has fewer entries than that."""
    one = owned.connector_id
    needed = owned.asked | Counter(
        {
            "create": witness.created[owned.schema],
            "reschedule": witness.rescheduled[one],
            "sync": witness.synced[one],
            "delete": min(1, witness.deleted[one]),
        }
    )
    for action, least in needed.items():
        actions = FOR_GOOD if action == "delete" else (action,)
        found = entries.count(one, *actions)
        if found < least:
            yield f"{action} of {owned.schema}: {found} of {least}"


def _untrue(witness: Witness, entries: Entries, owned: list[Owned]) -> Iterator[str]:
    """Yield entries that say that something was done more often than Fivetran saw it."""
    for connector in owned:
        one = connector.connector_id
        for action, seen in (
            ("create", witness.created[connector.schema]),
            ("reschedule", witness.rescheduled[one] + witness.confirmed[one]),
            ("sync", witness.synced[one]),
            ("delete for good", witness.deleted[one]),
        ):
            written = entries.count(one, action, outcome=DONE)
            if written > seen:
                yield f"{action} of {connector.schema}: {written} entries for {seen}"
