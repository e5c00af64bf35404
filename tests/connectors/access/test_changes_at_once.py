"""The changes of one tenant that may be under way at once."""

import pytest

from pbf.connectors.access.changes_at_once import ChangesAtOnce
from pbf.errors import TooManyRequests


def test_a_tenant_with_many_changes_waits_and_others_do_not():
    changes = ChangesAtOnce(2)
    changes.begin("acme")
    changes.begin("acme")

    with pytest.raises(TooManyRequests, match=r"has 2 changes under way already. Try again in 1"):
        changes.begin("acme")
    changes.begin("globex")

    changes.end("acme")
    changes.begin("acme")


def test_nothing_is_kept_of_changes_that_are_done():
    changes = ChangesAtOnce()
    changes.begin("acme")
    changes.end("acme")

    assert not changes._under_way
