from datetime import UTC, datetime, timedelta

import pytest

from pbf.fivetran.models import Connector
from pbf.rules.writes import withdrawn_deletion

REQUESTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEFORE, SINCE = REQUESTED - timedelta(hours=1), REQUESTED + timedelta(seconds=30)


def connector(
    *, paused: bool | None = True, setup_state: str = "incomplete", **changes
) -> Connector:
    return Connector(id="one", paused=paused, status={"setup_state": setup_state}, **changes)


@pytest.mark.parametrize(
    ("subject", "used"),
    [
        pytest.param(connector(), False, id="as-it-was"),
        pytest.param(connector(paused=False), True, id="runs"),
        pytest.param(connector(paused=None), True, id="nobody-knows"),
        pytest.param(connector(succeeded_at=BEFORE), False, id="synced-before"),
        pytest.param(
            connector(succeeded_at=REQUESTED + timedelta(seconds=0.9)),
            False,
            id="synced-in-the-same-second",
        ),
        pytest.param(connector(succeeded_at=SINCE), True, id="synced-since"),
        pytest.param(connector(setup_state="connected"), True, id="set-up-since"),
        pytest.param(connector(setup_state="broken"), False, id="broken-since"),
    ],
)
def test_a_paused_connector_was_used_if_it_was_resumed_set_up_or_synced(subject, used):
    paused_at = REQUESTED.timestamp()

    assert (
        withdrawn_deletion.was_used(subject, paused_at=paused_at, setup_state="incomplete") is used
    )
