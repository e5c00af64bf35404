import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pbf.table import asked, packed


def script() -> None:
    import streamlit as st

    from pbf.table import connector_table

    shared = {"service": "stripe", "service_name": "Stripe", "icon": "/i.svg", "docs": "/d"}
    state = {"status": "Failing", "tone": "bad", "reason": "Refused.", "frequency": "hourly"}
    times = {"since": None, "last": "2026-11-23T14:00:00Z", "marked": False}
    actions = {"next_action": {"id": "edit", "label": "Edit"}, "also": []}
    names = {"name": "Orders", "schema": "orders"}
    rows = [{"id": each, **names, **shared, **state, **times, **actions} for each in ("a", "b")]
    version, now = st.session_state.get("version", "1"), st.session_state.get("now", "noon")
    st.session_state["answer"] = connector_table(rows, version=version, now=now)


def payload(app: AppTest) -> dict[str, Any]:
    return json.loads(app.get("bidi_component")[0].proto.json)


def test_what_rows_share_is_sent_once():
    app = AppTest.from_function(script).run()

    assert not app.exception
    assert payload(app) == {
        "version": "1",
        "now": "noon",
        "detail": "",
        "rows": [
            [each, "Orders", "orders", 0, 0, 0, 0, None, "2026-11-23T14:00:00Z", False]
            for each in ("a", "b")
        ],
        "services": [["stripe", "Stripe", "/i.svg", "/d"]],
        "states": [["Failing", "bad", "Refused."]],
        "choices": [[["edit", "Edit"]]],
        "frequencies": ["hourly"],
    }


def test_an_action_of_the_browser_is_the_answer_of_its_run():
    app = AppTest.from_function(script).run()
    assert app.session_state["answer"] is None

    app.session_state["connectors"] = {"act": {"action": "edit", "id": "b", "nonce": "1"}}
    app.run()

    assert app.session_state["answer"] == {"action": "edit", "id": "b"}


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(None, id="nothing"),
        pytest.param("edit", id="text"),
        pytest.param({"action": "edit"}, id="no-id"),
        pytest.param({"action": ["edit"], "id": "a"}, id="not-a-word"),
        pytest.param({"action": "edit", "id": 1}, id="number"),
    ],
)
def test_what_has_not_the_shape_of_an_action_is_none(act):
    assert asked(act) is None


def test_the_payload_stays_the_same_until_the_version_changes():
    app = AppTest.from_function(script).run()
    app.session_state["now"] = "one o'clock"

    app.run()
    assert payload(app)["now"] == "noon"

    app.session_state["version"] = "2"
    app.run()
    assert payload(app)["now"] == "one o'clock"


def test_no_rows_are_no_rows():
    assert packed([]) == {
        "rows": [],
        "services": [],
        "states": [],
        "choices": [],
        "frequencies": [],
    }
