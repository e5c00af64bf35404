from datetime import UTC, datetime, timedelta

import pytest

from pbf.fivetran.models import Connector, Schedule, SchemaConfig
from pbf.rules.writes import outcomes

REQUESTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEFORE, SINCE = REQUESTED - timedelta(hours=1), REQUESTED + timedelta(seconds=30)
ORDERS = ("public", "orders")


def connector(
    sync: str = "scheduled",
    *,
    succeeded: datetime | None = None,
    failed: datetime | None = None,
    historical: bool = False,
) -> Connector:
    return Connector(
        id="one",
        succeeded_at=succeeded,
        failed_at=failed,
        status={"sync_state": sync, "is_historical_sync": historical},
    )


def config(*, schema: bool | None = True, orders: bool = True) -> SchemaConfig:
    tables = {"orders": {"enabled": orders}}
    return SchemaConfig.model_validate(
        {"schemas": {"public": {"enabled": schema, "tables": tables}}}
    )


@pytest.mark.parametrize(
    ("before", "after", "proven"),
    [
        pytest.param(connector(), connector("syncing"), True, id="it-runs"),
        pytest.param(connector("syncing"), connector("syncing"), False, id="it-ran-before"),
        pytest.param(connector(), connector(), False, id="nothing-happened"),
        pytest.param(connector(), connector(succeeded=SINCE), True, id="it-has-ended-since"),
        pytest.param(connector(), connector(failed=SINCE), True, id="it-has-failed-since"),
        pytest.param(connector(), connector(succeeded=BEFORE), False, id="the-list-was-old"),
        pytest.param(
            connector(succeeded=SINCE), connector(succeeded=SINCE), False, id="their-clock-is-fast"
        ),
    ],
)
def test_a_sync_is_proven_by_a_new_running_or_ended_sync(before, after, proven):
    assert outcomes.has_synced(before, after, REQUESTED) is proven


@pytest.mark.parametrize(
    ("before", "after", "proven"),
    [
        pytest.param(connector(), connector("syncing", historical=True), True, id="it-rereads"),
        pytest.param(connector(), connector("syncing"), False, id="some-sync-runs"),
        pytest.param(
            connector("syncing"), connector("syncing", historical=True), True, id="while-one-ran"
        ),
        pytest.param(
            connector("syncing", historical=True),
            connector("syncing", historical=True),
            False,
            id="it-did-before",
        ),
    ],
)
def test_a_resync_is_not_proven_by_any_sync(before, after, proven):
    assert outcomes.is_resyncing(before, after) is proven


@pytest.mark.parametrize(
    ("config_after", "tables", "proven"),
    [
        pytest.param(config(), {ORDERS: True}, True, id="on"),
        pytest.param(config(orders=False), {ORDERS: False}, True, id="off"),
        pytest.param(config(), {ORDERS: False}, False, id="still-on"),
        pytest.param(config(schema=False), {ORDERS: True}, False, id="in-a-schema-that-is-off"),
        pytest.param(config(schema=False), {ORDERS: False}, True, id="off-with-its-schema"),
        pytest.param(config(), {("public", "gone"): False}, False, id="no-such-table"),
        pytest.param(config(), {("gone", "orders"): False}, False, id="no-such-schema"),
    ],
)
def test_a_table_selection_is_proven_by_every_table(config_after, tables, proven):
    assert outcomes.tables_match(config_after, tables) is proven


EVERY_DAY = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
HOURLY = {"schedule_type": "INTERVAL", "interval": 60}
AT_TWO = {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:00:00", "days_of_week": EVERY_DAY}
MONDAYS = {**AT_TWO, "days_of_week": ["MONDAY"]}
MANUAL = {"schedule_type": "MANUAL"}
CRON = {"schedule_type": "CRON", "cron": "0 9 * * 1-5"}


@pytest.mark.parametrize(
    ("schedule", "changes", "ignored"),
    [
        pytest.param(HOURLY, {"sync_frequency": 60}, [], id="interval"),
        pytest.param(HOURLY, {"sync_frequency": 360}, ["sync_frequency"], id="other-interval"),
        pytest.param(AT_TWO, {"sync_frequency": 60}, ["sync_frequency"], id="still-daily"),
        pytest.param(CRON, {"sync_frequency": 60}, ["sync_frequency"], id="still-cron"),
        pytest.param(AT_TWO, {"sync_frequency": 1440}, [], id="daily"),
        pytest.param(
            {**HOURLY, "interval": 1440}, {"sync_frequency": 1440}, [], id="daily-as-an-interval"
        ),
        pytest.param(AT_TWO, {"daily_sync_time": "02:00"}, [], id="time"),
        pytest.param(AT_TWO, {"daily_sync_time": "06:00"}, ["daily_sync_time"], id="other-time"),
        pytest.param(HOURLY, {"daily_sync_time": "06:00"}, ["daily_sync_time"], id="no-time"),
        pytest.param(MANUAL, {"schedule_type": "manual"}, [], id="manual"),
        pytest.param(HOURLY, {"schedule_type": "manual"}, ["schedule_type"], id="not-manual"),
        pytest.param(HOURLY, {"schedule_type": "auto"}, [], id="auto"),
        pytest.param(MANUAL, {"schedule_type": "auto"}, ["schedule_type"], id="still-manual"),
        pytest.param(HOURLY, {"schedule": Schedule(**HOURLY)}, [], id="schedule"),
        pytest.param(HOURLY, {"schedule": Schedule(**MANUAL)}, ["schedule"], id="other-schedule"),
        pytest.param(AT_TWO, {"schedule": Schedule(**AT_TWO)}, [], id="every-day"),
        pytest.param(MONDAYS, {"schedule": Schedule(**AT_TWO)}, ["schedule"], id="still-mondays"),
    ],
)
def test_a_change_is_proven_by_the_schedule_before_the_older_fields(
    schedule: dict, changes: dict, ignored: list[str]
):
    # The older fields have the requested values in any case.
    older = {name: value for name, value in changes.items() if name != "schedule"}
    subject = Connector(id="one", schedule=schedule, **older)

    assert outcomes.ignored_fields(subject, changes) == ignored
    assert outcomes.matches(subject, changes) is (ignored == [])


def test_a_reload_is_proven_by_a_changed_schema():
    assert outcomes.was_reloaded(None, config())
    assert outcomes.was_reloaded(config(), config(orders=False))
    assert not outcomes.was_reloaded(config(), config())
