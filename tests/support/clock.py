"""A clock that a test moves."""

START = 1_000_000.0


class Clock:
    """The time in seconds since 1970, for what takes a clock; it stands still between moves."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the time forward by a number of seconds."""
        self.now += seconds
