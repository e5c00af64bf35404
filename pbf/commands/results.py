"""The result of one check, as `doctor` prints it."""

from dataclasses import dataclass


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
