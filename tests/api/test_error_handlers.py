"""The status of each error."""

from collections.abc import Iterator

from pbf.api.error_handlers import STATUS_CODES
from pbf.errors import NotDelivered, PbfError

# A test of a channel returns why it failed, and the job stores it.
NEVER_RAISED_BY_A_ROUTE = {NotDelivered}


def kinds_of(kind: type[PbfError]) -> Iterator[type[PbfError]]:
    for child in kind.__subclasses__():
        yield child
        yield from kinds_of(child)


def test_every_error_has_a_status():
    without = {kind for kind in kinds_of(PbfError) if STATUS_CODES.keys().isdisjoint(kind.__mro__)}

    assert without == NEVER_RAISED_BY_A_ROUTE
