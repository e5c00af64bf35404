"""One action on many connectors, row by row, with a result for each.

What arrives from the browser is ids and nothing else. Each is looked up among those that were
shown and among the tenant's own, so that a list that changed in between cannot make an action
fall on another row.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

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
    "restore": "Back as it was",
}
NOT_SHOWN = "It was not in the list you chose from. Nothing was done to it."
GONE = "It is no longer there. It may have been deleted."
NOT_TRIED = "Not tried, since Fivetran refused or did not answer several times in a row."
LEFT = "Not tried, since you left the page."

# After so many rows in a row that Fivetran limits or does not answer, the rest would only wait.
PATIENCE = 3
HOPELESS = (Unreachable, RateLimited)


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `problem` says in a sentence why nothing did, else it is empty."""

    id: str
    name: str
    problem: str = ""


def is_bulk(action: str) -> TypeGuard[Bulk]:
    """Whether an action is one that can be asked for many rows."""
    return action in ACTIONS


def chosen(
    ids: Iterable[str], *, shown: Collection[str], own: Iterable[Connector]
) -> tuple[list[Connector], list[Outcome]]:
    """Return the connectors of some ids, each once, and a refusal for every other id."""
    known = {connector.id: connector for connector in own}
    found, refused = [], []
    for one in dict.fromkeys(ids):
        if one not in shown:
            refused.append(Outcome(one, "A connector", NOT_SHOWN))
        elif one not in known:
            refused.append(Outcome(one, "A connector", GONE))
        else:
            found.append(known[one])
    return found, refused


def carry_out(
    action: Bulk, connectors: Iterable[Connector], operations: Operations
) -> Iterator[Outcome]:
    """Do it to one connector after the other; what fails for one does not stop the next."""
    failed_in_a_row = 0
    with operations.together() as together:
        for connector in connectors:
            if failed_in_a_row == PATIENCE:
                yield Outcome(connector.id, connector.title, NOT_TRIED)
                continue
            problem = _attempt(action, connector, together)
            failed_in_a_row = failed_in_a_row + 1 if isinstance(problem, HOPELESS) else 0
            yield Outcome(connector.id, connector.title, str(problem or ""))


def _attempt(action: Bulk, connector: Connector, operations: Operations) -> PbfError | None:
    doing: dict[Bulk, Callable[[str], object]] = {
        "sync": operations.sync,
        "pause": operations.pause,
        "resume": operations.resume,
        "delete": operations.delete,
        "restore": operations.restore,
    }
    try:
        doing[action](connector.id)
    except PbfError as error:
        return error
    return None
