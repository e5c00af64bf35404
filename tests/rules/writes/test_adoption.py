from datetime import UTC, datetime, timedelta

import pytest

from pbf.fivetran.models import Connector
from pbf.rules.writes import adoption

REQUESTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEFORE, SINCE = REQUESTED - timedelta(hours=1), REQUESTED + timedelta(seconds=30)


def created(**changes) -> Connector:
    status = {"setup_state": changes.pop("setup_state", "incomplete")}
    return Connector(
        **{"id": "one", "service": "stripe", "created_at": SINCE, "status": status, **changes}
    )


@pytest.mark.parametrize(
    ("subject", "proven"),
    [
        pytest.param(created(), True, id="since"),
        pytest.param(created(created_at=REQUESTED), True, id="in-the-same-second"),
        pytest.param(created(created_at=BEFORE), False, id="before"),
        pytest.param(created(created_at=REQUESTED + timedelta(minutes=2)), True, id="late"),
        pytest.param(created(created_at=REQUESTED + timedelta(minutes=3)), False, id="later"),
        pytest.param(created(created_at=None), False, id="nobody-knows-when"),
        pytest.param(created(service="slack"), False, id="another-service"),
        pytest.param(created(setup_state="connected"), False, id="set-up"),
        pytest.param(created(succeeded_at=SINCE), False, id="synced"),
    ],
)
def test_only_a_connector_the_call_can_have_created_is_adopted(subject, proven):
    assert adoption.was_created(subject, service="stripe", sent_at=REQUESTED.timestamp()) is proven
