import gzip
import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pbf.components.connector_table import TableAction, packed, parse_action
from tests.support.parcels import opened


def script() -> None:
    import streamlit as st

    from pbf.components.connector_table import connector_table, packed, table_action

    shared = {
        "service": "stripe",
        "service_name": "Stripe",
        "icon": "/i.svg",
        "docs": "/d",
        "category": "Finance",
    }
    state = {"status": "Failing", "tone": "bad", "reason": "Refused.", "frequency": "Hourly"}
    times = {"since": None, "last": "2026-11-23T14:00:00Z", "failed": None, "next": None}
    more = {"next_words": "On request", "interval": 60, "marked": False}
    actions = {"next_action": {"id": "edit", "label": "Edit"}, "also": []}
    names = {"name": "Orders", "schema": "orders"}
    rows = [
        {"id": each, **names, **shared, **state, **times, **more, **actions} for each in ("a", "b")
    ]
    version, now = st.session_state.get("version", "1"), st.session_state.get("now", "noon")
    st.session_state["answer"] = table_action()
    connector_table(packed(rows), version=version, now=now)


def payload(app: AppTest) -> dict[str, Any]:
    return opened(app.get("bidi_component")[0].proto)


def test_what_rows_share_is_sent_once():
    app = AppTest.from_function(script).run()

    assert not app.exception
    assert payload(app) == {
        "version": "1",
        "now": "noon",
        "detail": "",
        "acts": True,
        "rows": [
            [each, "Orders", "orders", 0, 0, 0, 0, None, "2026-11-23T14:00:00Z", None, None, False]
            for each in ("a", "b")
        ],
        "services": [["stripe", "Stripe", "/i.svg", "/d", "Finance"]],
        "states": [["Failing", "bad", "Refused."]],
        "choices": [[["edit", "Edit"]]],
        "rhythms": [["Hourly", "On request", 60]],
    }


def test_an_action_of_the_browser_is_the_answer_of_its_run():
    app = AppTest.from_function(script).run()
    assert app.session_state["answer"] is None

    app.session_state["connectors"] = {"act": {"action": "pause", "ids": ["b", "a"], "nonce": "1"}}
    app.run()
    assert app.session_state["answer"] == TableAction("pause", ("b", "a"))

    app.run()
    assert app.session_state["answer"] is None


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(None, id="nothing"),
        pytest.param("edit", id="text"),
        pytest.param({"action": "edit", "ids": []}, id="no-rows"),
        pytest.param({"action": "edit", "ids": "ab"}, id="letters"),
        pytest.param({"action": "edit"}, id="no-ids"),
        pytest.param({"action": ["edit"], "ids": ["a"]}, id="not-a-word"),
        pytest.param({"action": "edit", "ids": ["a", 1]}, id="number"),
    ],
)
def test_what_has_not_the_shape_of_an_action_is_none(act):
    assert parse_action(act) is None


def test_the_payload_stays_the_same_until_the_version_changes():
    app = AppTest.from_function(script).run()
    app.session_state["now"] = "one o'clock"

    app.run()
    assert payload(app)["now"] == "noon"

    app.session_state["version"] = "2"
    app.run()
    assert payload(app)["now"] == "one o'clock"


def test_no_rows_are_no_rows():
    names = ("rows", "services", "states", "choices", "rhythms")

    assert json.loads(gzip.decompress(packed([]))) == {name: [] for name in names}
