"""What commands print: the result of one check, and the first of many names."""

from collections.abc import Sequence
from dataclasses import dataclass

# Of a policy file with thousands.
TENANTS_SHOWN = 30


@dataclass(frozen=True)
class Result:
    """The result of one check."""

    subject: str
    ok: bool
    text: str
    warning: bool = False

    def __str__(self) -> str:
        """Return the line as it is printed."""
        mark = "WARN" if self.warning else "ok  " if self.ok else "BAD "
        return f"{mark} {self.subject:<12} {self.text}"


def shortened(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
