"""Values, attributes and blocks in HCL, the language of Terraform."""

import re
from collections.abc import Mapping
from typing import Any

from pbf.redaction import CONTROLS

# HCL has no other short escapes.
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Reference(str):
    """An expression that is not quoted, such as the address of a resource."""


def value(item: Any, indent: int = 0) -> str:
    """Return a text, number, truth value, list or mapping as HCL."""
    if isinstance(item, Reference):
        return str(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return quoted(item)
    if isinstance(item, Mapping):
        return f"{{\n{attributes(item, indent + 2)}\n{' ' * indent}}}" if item else "{}"
    if isinstance(item, list | tuple):
        return f"[{', '.join(value(part) for part in item)}]"
    return str(item)


def attributes(items: Mapping[str, Any], indent: int = 2) -> str:
    """Return one attribute a line; the signs of those on one line are in one column."""
    texts = {
        name if NAME.fullmatch(name) else quoted(name): value(item, indent)
        for name, item in items.items()
    }
    width = max((len(name) for name, text in texts.items() if "\n" not in text), default=0)
    return "\n".join(
        f"{' ' * indent}{name if chr(10) in text else name.ljust(width)} = {text}"
        for name, text in texts.items()
    )


def block(head: str, items: Mapping[str, Any], *labels: str) -> str:
    """Return a block with its attributes."""
    opening = " ".join((head, *map(quoted, labels)))
    return f"{opening} {{\n{attributes(items)}\n}}" if items else f"{opening} {{\n}}"


def quoted(text: str) -> str:
    """Return a text in quotes; what would be a template in HCL stays as it is."""
    escaped = re.sub(r'["\\\n\r\t]', lambda match: ESCAPES[match[0]], text)
    escaped = CONTROLS.sub(lambda match: _escape(match[0]), escaped)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
