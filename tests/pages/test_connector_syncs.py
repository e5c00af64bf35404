import re
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pbf.errors import StoreFailed
from pbf.rules.timeline.entries import Period
from tests.pages.reading import everything, html, press
from tests.support.histories import write_history, write_observed

DAY = timedelta(days=1)


pytestmark = pytest.mark.usefixtures("without_lists")


@pytest.fixture
def connector_id(runtime, named) -> str:
    return named("stripe_payments").id


@pytest.fixture
def write(runtime, connector_id):
    """Write syncs of the connector, which was observed for all of the last 90 days."""
    now = datetime.now(UTC)
    write_observed(runtime, connector_id, Period(now - 91 * DAY, now + DAY))

    def add(outcomes: str, **options: object) -> None:
        write_history(runtime, connector_id, outcomes, **options)

    return add


def marks(app: AppTest) -> list[str]:
    row = html(app).partition('class="pbf-marks"')[2].partition("</div>")[0]
    return re.findall(r'class="pbf-mark pbf-([\w -]+)"', row)


def show_table(app: AppTest, connector_id: str) -> AppTest:
    """Open the table, which AppTest cannot do by a click."""
    app.session_state[f"table-{connector_id}"] = True
    return app.run()


def test_ninety_days_are_told_in_marks_and_in_a_sentence(runtime, connector_id, write, visit):
    write("s" * 50 + "ff" + "s" * 20)

    app = visit("connector", id=connector_id)

    assert next(header.value for header in app.header) == "Syncs"
    assert "Recent syncs" not in [header.value for header in app.header]
    shown = marks(app)
    assert len(shown) == 91
    assert set(shown[-3:]) <= {"succeeded", "mixed"}
    assert shown[0] == "none"
    assert "97.2% of 72 syncs succeeded. The longest outage lasted 3 hours." in html(app)
    assert re.search(r'aria-label="Syncs of the last 90 days. 97.2% of 72', html(app))
    assert re.search(r'Last success: <time [^>]*title="[^"]* UTC">', html(app))
    assert "Not observed:" not in html(app)
    assert not app.exception


def test_the_span_can_be_changed_and_shows_each_sync(runtime, connector_id, write, visit):
    write("s" * 50 + "ff" + "s" * 3)
    app = visit("connector", id=connector_id)

    app.segmented_control[0].set_value("day").run()

    assert marks(app) == ["succeeded"] * 19 + ["failed"] * 2 + ["succeeded"] * 3
    assert "Syncs of the last 24 hours" in html(app)


def test_what_was_not_observed_is_hatched_and_told(runtime, connector_id, visit):
    now = datetime.now(UTC)
    write_history(runtime, connector_id, "s" * 5)
    write_observed(runtime, connector_id, Period(now - 5 * DAY, now + DAY))

    app = visit("connector", id=connector_id)

    assert marks(app)[:80] == ["unobserved"] * 80
    assert "Not observed: 85 days of this time." in html(app)


def test_the_table_is_paged_and_ten_thousand_syncs_are_not_sent(
    runtime, connector_id, write, visit
):
    write("s" * 10_000, every=timedelta(minutes=12))
    app = visit("connector", id=connector_id)
    assert len(everything(app)) < 250_000
    assert "<tbody>" not in html(app).partition("pbf-history")[2]

    app = show_table(app, connector_id)
    first = html(app).partition("pbf-history")[2].partition("</tbody>")[0]
    app = press(app, "Older")
    second = html(app).partition("pbf-history")[2].partition("</tbody>")[0]

    assert first.count("<tr>") == second.count("<tr>") == 26
    assert not set(re.findall('datetime="([^"]*)"', first)) & set(
        re.findall('datetime="([^"]*)"', second)
    )
    assert f"/_/connectors/{connector_id}/syncs.csv?from=" in html(app)
    assert "1,200 extract rows" in first
    assert not app.exception


def test_until_a_history_was_read_the_page_shows_what_fivetran_says(runtime, named, visit):
    app = visit("connector", id=named("stripe_payments").id)

    assert "Recent syncs" in [header.value for header in app.header]
    assert "The history of 90 days has not been read yet." in html(app)
    assert not app.exception


def test_a_reason_from_outside_is_escaped(runtime, connector_id, write, visit):
    write("sf", reason="<script>alert(1)</script>")

    app = show_table(visit("connector", id=connector_id), connector_id)

    assert "&lt;script&gt;alert(1)" in html(app)
    assert "<script>" not in html(app)


def test_a_database_that_fails_leaves_the_rest_of_the_page(
    runtime, connector_id, visit, monkeypatch
):
    def fail(*_: object, **__: object) -> None:
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(runtime.store.syncs, "days", fail)

    app = visit("connector", id=connector_id)

    assert "The sync history cannot be read right now." in html(app)
    assert "Facts" in [header.value for header in app.header]
    assert not app.exception
