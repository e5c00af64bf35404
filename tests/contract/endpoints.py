"""The tables of docs/sandbox.md, generated from the code.

`python -m tests.contract.endpoints` writes them between comments that name them, such as
`<!-- endpoints -->` and `<!-- /endpoints -->`.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from pbf.sandbox.control.fault_rules import KINDS
from pbf.sandbox.core import assumptions
from tests.contract.definition import Operation, operations
from tests.contract.relaxations import (
    ANNOUNCED,
    AS_CREATED,
    AS_FILE,
    AS_LIST,
    NULL_IS_ABSENT,
    NUMBERS_AS_TEXT,
    RELAXATIONS,
    RULES,
    UNDECLARED,
    WITHOUT_ENVELOPE,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"

FACTS = re.compile(r" \(facts [^)]*\)")
PARTLY = {
    "POST /v1/connections": "no source is called; setup tests pass if there are credentials",
    "PATCH /v1/connections/{connectionId}": "`schema_status` is stored without effect; "
    "syncs follow the time of day of a `schedule`, but neither its days nor its cron",
    "POST /v1/certificates": "any text is taken for a certificate",
    "POST /v1/connections/{connectionId}/certificates": "any text is taken for a certificate",
    "POST /v1/destinations/{destinationId}/certificates": "any text is taken for a certificate",
    "POST /v1/connector-sdk/packages": "a file of 1 MB at most",
    "PATCH /v1/connector-sdk/packages/{package_id}": "a file of 1 MB at most",
    "POST /v1/transformations": "its schedule starts no run",
    "PATCH /v1/transformations/{transformationId}": "its schedule starts no run",
    "POST /v1/transformations/{transformationId}/upgrade": "no package has a newer version",
    "POST /v1/connections/{connectionId}/test": "no source is called, so nothing needs approval",
    "POST /v1/destinations": "no warehouse is called; setup tests pass if it has an address",
    "POST /v1/destinations/{destinationId}/test": "no warehouse is called",
    "POST /v1/users": "no invitation is sent",
}


def state(operation: Operation) -> str:
    """Return whether an operation is imitated wholly."""
    part = PARTLY.get(str(operation))
    return f"partly: {part}" if part else "yes"


def endpoints() -> Iterator[str]:
    """Yield the table of every endpoint of the definition."""
    complete = [operation for operation in operations() if state(operation) == "yes"]
    partial = [operation for operation in operations() if state(operation).startswith("partly")]
    total = len(operations())
    yield f"Of {total} operations, {len(complete)} are imitated and {len(partial)} partly imitated."
    yield ""
    yield "| operation | imitated |"
    yield "|---|---|"
    for operation in operations():
        yield f"| `{operation}` | {state(operation)} |"


def assumed() -> Iterator[str]:
    """Yield the table of every assumption, its default and its meaning."""
    tree = ast.parse(inspect.getsource(assumptions))
    fields = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    defaults = assumptions.Assumptions()
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for field, text in pairwise(fields):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            value = getattr(defaults, field.target.id)
            yield f"| `{field.target.id}` | {cell(value)} | {' '.join(docstring(text).split())} |"


def docstring(node: ast.stmt) -> str:
    """Return the docstring of a field."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        raise TypeError("every assumption needs a docstring")
    return str(node.value.value)


def cell(value: object) -> str:
    """Return a value as the content of a table cell."""
    return f"`{value}`".replace("|", "\\|")


def faults() -> Iterator[str]:
    """Yield the table of the faults that can be injected."""
    yield "| `kind` | effect |"
    yield "|---|---|"
    for kind, effect in KINDS.items():
        yield f"| `{kind}` | {effect} |"


def relaxations() -> Iterator[str]:
    """Yield the table of where the sandbox follows the live API and not the definition."""
    yield "| where | reason |"
    yield "|---|---|"
    rows = [(f"`{relaxation.at}`", relaxation.reason) for relaxation in RELAXATIONS]
    rows += [("everywhere", rule.reason) for rule in RULES]
    by_operation = AS_LIST | AS_CREATED | WITHOUT_ENVELOPE | AS_FILE | ANNOUNCED
    rows += [(f"`{method} {path}`", reason) for (method, path), reason in by_operation.items()]
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


def updated(text: str) -> str:
    """Return the document with its tables generated again."""
    for name, rows in TABLES.items():
        table = "".join(f"{row}\n" for row in rows())
        block = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not block.search(text):
            raise ValueError(f"the document has no markers for its table {name!r}")
        text = block.sub(lambda match, table=table: match[1] + table + match[2], text)
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(updated(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
