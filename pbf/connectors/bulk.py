"""One action on many connectors, row by row, with an outcome for each.

The browser sends nothing but ids. Each id is looked up among those that were shown and among the
tenant's own, so that an action cannot reach another row of a list that has changed meanwhile.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from pbf.connectors.access.caller import readable
from pbf.connectors.operations import Operations
from pbf.errors import PbfError, RateLimited, Unreachable
from pbf.fivetran.models import Connector
from pbf.rules.actions import LABELS

Bulk = Literal["sync", "pause", "resume", "delete", "restore"]
ACTIONS: tuple[Bulk, ...] = get_args(Bulk)

WORDS: dict[Bulk, str] = {
    "sync": LABELS["sync"],
    "pause": LABELS["pause"],
    "resume": LABELS["resume"],
    "delete": LABELS["delete"],
    "restore": "Undo",
}
DONE: dict[Bulk, str] = {
    "sync": "Sync started",
    "pause": "Paused",
    "resume": "Resumed",
    "delete": "Deleted",
    "restore": "Restored",
}
NOT_SHOWN = "It was not in the list you chose from. Nothing was done to it."
GONE = "It is no longer there. It may have been deleted."
NOT_TRIED = "Not tried, since Fivetran refused or did not answer several times in a row."
LEFT = "Not tried, since you left the page."

# After so many rows in a row that Fivetran limits or does not answer, the rest is not tried.
MOST_FAILURES = 3
NO_ANSWER = (Unreachable, RateLimited)


@dataclass(frozen=True)
class Outcome:
    """The outcome for one row; `problem` is a sentence if the action failed, else empty."""

    id: str
    name: str
    problem: str = ""


def is_bulk(action: str) -> TypeGuard[Bulk]:
    """Return whether an action can be applied to many rows."""
    return action in ACTIONS


def chosen(
    ids: Iterable[str], *, shown: Collection[str], own: Iterable[Connector]
) -> tuple[list[Connector], list[Outcome]]:
    """Return the connectors of some ids, each once, and a refusal for every other id."""
    by_id = {connector.id: connector for connector in own}
    connectors, refused = [], []
    for connector_id in dict.fromkeys(ids):
        if connector_id not in shown:
            refused.append(Outcome(connector_id, "A connector", NOT_SHOWN))
        elif connector_id not in by_id:
            refused.append(Outcome(connector_id, "A connector", GONE))
        else:
            connectors.append(by_id[connector_id])
    return connectors, refused


def carry_out(
    action: Bulk, connectors: Iterable[Connector], operations: Operations
) -> Iterator[Outcome]:
    """Apply an action to one connector after the other; a failure does not stop the next."""
    failed_in_a_row = 0
    with operations.together() as batch:
        for connector in connectors:
            if failed_in_a_row == MOST_FAILURES:
                yield Outcome(connector.id, connector.title, NOT_TRIED)
                continue
            problem = _attempt(action, connector, batch)
            failed_in_a_row = failed_in_a_row + 1 if isinstance(problem, NO_ANSWER) else 0
            yield Outcome(connector.id, connector.title, readable(problem) if problem else "")


def _attempt(action: Bulk, connector: Connector, operations: Operations) -> PbfError | None:
    methods: dict[Bulk, Callable[[str], object]] = {
        "sync": operations.sync,
        "pause": operations.pause,
        "resume": operations.resume,
        "delete": operations.delete,
        "restore": operations.restore,
    }
    try:
        methods[action](connector.id)
    except PbfError as error:
        return error
    return None
