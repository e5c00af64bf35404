"""A dashboard of three pages around the table of connectors, for the browser tests.

The address chooses the rows: `?rows=` how many, `?marked=` which one just came back.
"""

from datetime import UTC, datetime, timedelta

import streamlit as st

from pbf.table import connector_table

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SERVICES = [("stripe", "Stripe"), ("postgres", "PostgreSQL"), ("google_sheets", "Google Sheets")]
STATES = [
    ("Working", "good", "The last sync loaded everything.", None),
    ("Failing", "bad", "The password was refused.", {"id": "edit", "label": "Edit set-up"}),
    ("Paused", "quiet", "Somebody paused it.", {"id": "resume", "label": "Resume"}),
    ("Needs you", "attention", "Sign in again.", {"id": "reconnect", "label": "Reconnect"}),
]
ALSO = [{"id": "sync", "label": "Sync now"}, {"id": "pause", "label": "Pause"}]


def row(number: int, turn: int, marked: str) -> dict[str, object]:
    service, service_name = SERVICES[number % len(SERVICES)]
    status, tone, reason, following = STATES[(number + turn) % len(STATES)]
    last = NOW - timedelta(hours=number) if number else None
    return {
        "id": f"c{number}",
        "name": f"Orders {number:03}",
        "schema": f"{service}_{number}",
        "service": service,
        "service_name": service_name,
        "icon": "",
        "docs": f"https://example.com/docs/{service}",
        "status": status,
        "tone": tone,
        "reason": reason,
        "since": (NOW - timedelta(days=2)).isoformat(),
        "last": last and last.isoformat(),
        "next_action": following,
        "also": ALSO,
        "frequency": "every 6 hours",
        "marked": f"c{number}" == marked,
    }


def hostile() -> dict[str, object]:
    attack = "<img src=x onerror=window.hacked=1>"
    return {
        **row(0, 0, ""),
        **dict.fromkeys(("name", "schema", "status", "reason", "frequency"), attack),
        "id": f'"{attack}',
        "icon": "javascript:window.hacked=2",
        "docs": "javascript:window.hacked=3",
        "tone": attack,
        "next_action": {"id": attack, "label": attack},
        "also": [{"id": attack, "label": attack}],
    }


def connectors() -> None:
    count = int(st.query_params.get("rows", "8"))
    if st.button("Refresh"):
        st.session_state["turn"] = st.session_state.get("turn", 0) + 1
    turn = st.session_state.get("turn", 0)
    rows = [row(number, turn, st.query_params.get("marked", "")) for number in range(count)]
    if "hostile" in st.query_params:
        rows.append(hostile())
    chosen = connector_table(rows, version=f"{count} {turn}", now=NOW.isoformat(), detail="detail")
    st.caption(f"run {st.session_state['runs']}")
    if chosen:
        st.session_state.setdefault("asked", []).append(chosen)
    st.caption(
        "asked " + " ".join(f"{a['action']}:{a['id']}" for a in st.session_state.get("asked", []))
    )


def detail() -> None:
    st.caption(f"run {st.session_state['runs']} for {st.query_params['id']}")


def home() -> None:
    st.title("Home")


st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.navigation(
    [
        st.Page(home, title="Home", default=True),
        st.Page(connectors, title="Connectors", url_path="connectors"),
        st.Page(detail, title="Detail", url_path="detail"),
    ]
).run()
