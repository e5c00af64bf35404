"""The tables of docs/sandbox.md, made from the code.

`python -m tests.contract.endpoints` writes them, between comments that name them, such as
`<!-- endpoints -->` and `<!-- /endpoints -->`.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from pbf.sandbox.control.faults import KINDS
from pbf.sandbox.core import assumptions
from tests.contract.definition import Operation, operations
from tests.contract.furniture import imitated, stand_in
from tests.contract.relaxations import (
    ANNOUNCED,
    AS_LIST,
    NULL_IS_ABSENT,
    NUMBERS_AS_TEXT,
    RELAXATIONS,
    RULES,
    UNDECLARED,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"

FACTS = re.compile(r" \(facts [^)]*\)")
STAND_INS = {
    "list": "partly: the list, always empty",
    "find": "not: nothing is in the list, so 404",
    "refuse": "not: 501",
}
PARTLY = {
    "POST /v1/connections": "no source is called: setup tests pass once credentials are given",
    "PATCH /v1/connections/{connectionId}": "a `schema_status` is kept, but nothing is masked; "
    "of a `schedule`, syncs follow the time of day but neither days nor cron",
    "GET /v1/connections/{connectionId}/certificates": "the list alone; nothing is approved",
    "GET /v1/connections/{connectionId}/fingerprints": "the list alone; nothing is approved",
    "GET /v1/destinations/{destinationId}/certificates": "the list alone; nothing is approved",
    "GET /v1/destinations/{destinationId}/fingerprints": "the list alone; nothing is approved",
    "POST /v1/connections/{connectionId}/test": "no source is called, so nothing has to be trusted",
    "POST /v1/destinations": "no warehouse is called: setup tests pass once it has an address",
    "POST /v1/destinations/{destinationId}/test": "no warehouse is called",
    "POST /v1/users": "nobody gets an invitation by mail",
    "GET /v1/users/{userId}/connections": "the list, always empty",
}


def state(operation: Operation) -> str:
    """Return how far an operation is imitated."""
    if stand_in(operation):
        return STAND_INS[stand_in(operation)]
    part = PARTLY.get(str(operation))
    return f"partly: {part}" if part else "imitated"


def endpoints() -> Iterator[str]:
    """Yield the table of every endpoint of the definition."""
    whole = [each for each in imitated() if state(each) == "imitated"]
    partly = [each for each in operations() if state(each).startswith("partly")]
    yield f"Of {len(operations())} operations {len(whole)} are imitated, {len(partly)} partly."
    yield ""
    yield "| operation | sandbox |"
    yield "|---|---|"
    for operation in operations():
        yield f"| `{operation}` | {state(operation)} |"


def assumed() -> Iterator[str]:
    """Yield the table of every assumption, its value at first and what it decides."""
    tree = ast.parse(inspect.getsource(assumptions))
    fields = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    defaults = assumptions.Assumptions()
    yield "| switch | at first | what it decides |"
    yield "|---|---|---|"
    for field, words in pairwise(fields):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            value = getattr(defaults, field.target.id)
            yield f"| `{field.target.id}` | {cell(value)} | {' '.join(docstring(words).split())} |"


def docstring(node: ast.stmt) -> str:
    """Return the words under a field."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        raise TypeError("every assumption says in a docstring what it decides")
    return str(node.value.value)


def cell(value: object) -> str:
    """Return a value as a table's cell can hold it."""
    return f"`{value}`".replace("|", "\\|")


def faults() -> Iterator[str]:
    """Yield the table of the faults that can be ordered."""
    yield "| `kind` | what it does |"
    yield "|---|---|"
    for kind, words in KINDS.items():
        yield f"| `{kind}` | {words} |"


def relaxations() -> Iterator[str]:
    """Yield the table of where the sandbox follows the live API against the definition."""
    yield "| where | why the definition is not followed |"
    yield "|---|---|"
    rows = [(f"`{relaxation.at}`", relaxation.reason) for relaxation in RELAXATIONS]
    rows += [("everywhere", rule.reason) for rule in RULES]
    rows += [(f"`{method} {path}`", why) for (method, path), why in (AS_LIST | ANNOUNCED).items()]
    rows += [("destinations", NUMBERS_AS_TEXT), ("requests", NULL_IS_ABSENT)]
    for where, reason in rows:
        yield f"| {where} | {FACTS.sub('', reason)} |"
    yield f"| every operation | does not declare {', '.join(map(str, UNDECLARED))} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "endpoints": endpoints,
    "assumptions": assumed,
    "faults": faults,
    "relaxations": relaxations,
}


def renewed(text: str) -> str:
    """Return the document with its tables made anew."""
    for name, rows in TABLES.items():
        table = "".join(f"{row}\n" for row in rows())
        block = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not block.search(text):
            raise ValueError(f"the document has no place for its table {name!r}")
        text = block.sub(lambda found, table=table: found[1] + table + found[2], text)
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
