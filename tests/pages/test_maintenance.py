"""The dialog that plans a pause, and what everybody sees of it."""

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import StoreFailed
from pbf.rules.access.permissions import Role
from tests.pages.reading import everything, html, labels

HEADING = "Planned maintenance"
REASON = "The database moves <soon>"


@pytest.fixture
def connector(runtime):
    return next(item for item in runtime.portal.connectors().items if item.paused is False)


def dialog() -> None:
    """Draw the dialog in each run, as the browser's reruns of the fragment do."""
    from pbf.runtime import runtime
    from pbf.ui.connector import maintenance

    connectors = runtime().portal.connectors().items
    maintenance.ask(next(item for item in connectors if item.paused is False))


def opened(zone: str = "") -> AppTest:
    app = AppTest.from_function(dialog, default_timeout=30)
    if zone:
        app.context["timezone"] = zone
    return app.run()


def save(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Plan it").click()
    return app.run()


def plans(runtime, connector):
    return sorted(runtime.portal.maintenance.listed(connector.id), key=lambda plan: plan.due_at)


def test_a_pause_now_with_its_end_is_planned(runtime, connector):
    app = opened()
    assert "Times are those of UTC, your time zone." in html(app)
    assert next(button for button in app.button if button.label == "Plan it").disabled

    app.text_input(key="plan-reason").set_value(REASON).run()
    save(app)

    pause, resume = plans(runtime, connector)
    assert (pause.action, pause.state, pause.reason) == ("pause", "done", REASON)
    assert (resume.action, resume.state) == ("resume", "planned")
    assert timedelta(hours=2) < resume.due_at - datetime.now(UTC) <= timedelta(hours=3)


def test_times_are_those_of_the_readers_clock(runtime, connector):
    app = opened("Asia/Tokyo")
    app.radio(key="plan-when").set_value("At a time").run()
    app.checkbox(key="plan-resumes").uncheck().run()
    at = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    local = (at + timedelta(hours=9)).replace(tzinfo=None)
    app.datetime_input(key="plan-pause-at").set_value(local).run()
    app.text_input(key="plan-reason").set_value(REASON).run()

    save(app)

    (plan,) = plans(runtime, connector)
    assert (plan.action, plan.due_at) == ("pause", at)


def test_an_end_before_the_beginning_is_told_in_the_dialog(runtime, connector):
    app = opened()
    app.radio(key="plan-when").set_value("At a time").run()
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    app.datetime_input(key="plan-pause-at").set_value(later).run()
    app.text_input(key="plan-reason").set_value(REASON).run()

    save(app)

    assert "would resume before it is paused" in app.error[0].value
    assert plans(runtime, connector) == []


def test_everybody_reads_the_reason_on_the_page_and_in_the_table(runtime, connector, visit):
    runtime.portal.maintenance.plan(connector.id, "pause", reason=REASON)
    runtime.portal.maintenance.plan(
        connector.id, "resume", at=datetime.now(UTC) + timedelta(days=2), reason=REASON
    )

    page = visit("connector", id=connector.id)

    assert not page.exception
    assert HEADING in [header.value for header in page.header]
    assert "The database moves &lt;soon&gt;" in html(page)
    assert "Plan a pause" in labels(page)
    table = everything(visit("connectors"))
    assert f"Paused by somebody: {REASON}. To be resumed in" in table


def test_a_planned_change_is_cancelled_on_the_page(runtime, connector, visit):
    plan = runtime.portal.maintenance.plan(
        connector.id, "pause", at=datetime.now(UTC) + timedelta(days=2), reason=REASON
    )
    page = visit("connector", id=connector.id)

    page.button(key=f"cancel-{plan.id}-0").click().run()

    assert not page.exception
    assert HEADING not in [header.value for header in page.header]
    assert plans(runtime, connector)[0].state == "cancelled"


def test_without_a_database_the_page_is_there_without_the_plans(
    runtime, connector, visit, monkeypatch
):
    def fail(*_: object) -> None:
        raise StoreFailed("Our own database does not respond.")

    monkeypatch.setattr(runtime.store.planned_changes, "_select", fail)

    for name in ("connector", "connectors", "overview"):
        page = visit(name, id=connector.id)
        assert not page.exception
        assert HEADING not in [header.value for header in page.header]


def test_viewers_see_the_plan_and_cannot_cancel_it(runtime, connector, as_role, visit):
    at = datetime.now(UTC) + timedelta(days=2)
    runtime.portal.maintenance.plan(connector.id, "pause", at=at, reason=REASON)
    as_role(Role.VIEWER)

    page = visit("connector", id=connector.id)

    assert "The database moves &lt;soon&gt;" in html(page)
    assert "Cancel" not in labels(page)
    assert "Plan a pause" not in labels(page)
