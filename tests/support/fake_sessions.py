"""Sessions that tests start and end themselves, in place of the store's."""

from collections.abc import Callable, Collection, Mapping


class FakeSessions:
    """An authenticator whose session ids are the values of the cookies."""

    enabled = True
    is_required = True

    def __init__(self, *valid: str) -> None:
        self.valid = set(valid)
        self.touched: list[str] = []
        self.polls: list[set[str]] = []
        self.asked: list[Mapping[str, str]] = []
        self.problem: Exception | None = None
        self._callbacks: list[Callable[[str], None]] = []

    def session_of(self, cookies: Mapping[str, str], _headers: Mapping[str, str]) -> str | None:
        self._fail()
        self.asked.append(cookies)
        return next((value for value in cookies.values() if value in self.valid), None)

    def ended(self, ids: Collection[str]) -> set[str]:
        self._fail()
        self.polls.append(set(ids))
        return set(ids) - self.valid

    def on_ended(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def touch(self, session_id: str) -> None:
        self._fail()
        self.touched.append(session_id)

    def expire(self, session_id: str) -> None:
        """End a session without a word, as its clock or another process does."""
        self.valid.discard(session_id)

    def revoke(self, session_id: str) -> None:
        """End a session in this process."""
        self.expire(session_id)
        for callback in self._callbacks:
            callback(session_id)

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem
