"""A dashboard of three pages around the table of connectors, for the browser tests.

The address chooses the rows: `?rows=` how many, `?marked=` which one just came back.
"""

from datetime import UTC, datetime, timedelta

import streamlit as st

from pbf.components.connector_table import connector_table, packed, table_action

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SERVICES = [("stripe", "Stripe"), ("postgres", "PostgreSQL"), ("google_sheets", "Google Sheets")]
CATEGORIES = {"stripe": "Finance", "postgres": "Databases", "google_sheets": "Files"}
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
        "category": CATEGORIES[service],
        "status": status,
        "tone": tone,
        "reason": reason,
        "since": (NOW - timedelta(days=2)).isoformat(),
        "last": last and last.isoformat(),
        "failed": (NOW - timedelta(minutes=90)).isoformat() if status == "Failing" else None,
        "next_action": following,
        "also": ALSO,
        "next": (NOW + timedelta(hours=number)).isoformat() if status == "Working" else None,
        "next_words": "" if status == "Working" else "On request",
        "frequency": "Every 6 hours",
        "interval": None if status == "Paused" else 360,
        "marked": f"c{number}" == marked,
    }


def hostile() -> dict[str, object]:
    attack = "<img src=x onerror=window.hacked=1>"
    return {
        **row(0, 0, ""),
        **dict.fromkeys(
            ("name", "schema", "status", "reason", "frequency", "category", "next_words"), attack
        ),
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
    if "weekly" in st.query_params:  # its last success is old, and the next not due yet
        weekly = rows[int(st.query_params["weekly"])]
        weekly.update(interval=7 * 24 * 60, expected=(NOW + timedelta(hours=2)).isoformat())
    if "hostile" in st.query_params:
        rows.append(hostile())
    if "turned" in st.query_params and turn % 2:
        rows.reverse()
        rows.pop(0)
    if asked := table_action():
        st.session_state.setdefault("asked", []).append(asked)
    connector_table(packed(rows), version=f"{count} {turn}", now=NOW.isoformat(), detail="detail")
    st.caption(f"run {st.session_state['runs']}")
    st.caption(
        "asked "
        + " ".join(f"{a.action}:{','.join(a.ids)}" for a in st.session_state.get("asked", []))
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
