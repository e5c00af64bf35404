"""The table of connectors, searched, sorted and filtered in the browser."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pbf.components.loader import PAGE_STYLE, component, pack, parcel


@dataclass(frozen=True)
class TableAction:
    """An action that the browser requests, and the ids of its rows."""

    action: str
    ids: tuple[str, ...]


def connector_table(
    rows: bytes,
    *,
    version: str,
    now: str,
    key: str = "connectors",
    detail: str = "",
    acts: bool = True,
) -> None:
    """Draw the connectors; `table_action` returns what somebody does with them.

    `rows` are `packed`. They are drawn again, in place, when `version` differs from the last one.
    `now` is the server's time, ISO in UTC. `detail` names the page that a connector's name leads
    to, with its id as `?id=`. Without `acts` no rows can be chosen.
    """
    draw = component("pbf_connector_table", Path(__file__).parent, PAGE_STYLE)
    label = {
        "version": version,
        "now": first_drawn(key, version, now),
        "detail": detail,
        "acts": acts,
    }
    draw(key=key, data=parcel(label, rows), on_act_change=lambda: None)


def table_action(key: str = "connectors") -> TableAction | None:
    """Return the action that is requested in this run, before the table is drawn again, or None.

    It comes from the browser: look its ids up among the tenant's own connectors. An action is
    returned once, though the page may run again before Streamlit clears it.
    """
    state = st.session_state.get(key)
    act = state.get("act") if isinstance(state, Mapping) else None
    nonce = act.get("nonce") if isinstance(act, Mapping) else None
    if nonce is None or st.session_state.get(f"{key}-answered") == nonce:
        return None
    st.session_state[f"{key}-answered"] = nonce
    return parse_action(act)


def first_drawn(key: str, version: str, now: str) -> str:
    """Return when this session first drew a version.

    The payload must stay the same from run to run, or thousands of rows are sent again.
    """
    name = f"{key}.first_drawn"
    kept: tuple[str, str] | None = st.session_state.get(name)
    if kept is None or kept[0] != version:
        kept = st.session_state[name] = (version, now)
    return kept[1]


def parse_action(act: Any) -> TableAction | None:
    """Return the browser's value as an action, or None if it is malformed."""
    if not isinstance(act, Mapping):
        return None
    action, ids = act.get("action"), act.get("ids")
    if not isinstance(action, str) or not isinstance(ids, list) or not ids:
        return None
    if not all(isinstance(connector_id, str) for connector_id in ids):
        return None
    return TableAction(action, tuple(ids))


def packed(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows packed for the browser, as short lists that refer to values they share.

    A row has the fields of `Row` in `pbf.ui.view_models`.
    """
    shared: dict[str, dict[Hashable, int]]
    shared = {"services": {}, "states": {}, "choices": {}, "rhythms": {}}
    short_rows = [short(row, shared) for row in rows]
    return pack({"rows": short_rows, **{name: list(values) for name, values in shared.items()}})


def short(row: Mapping[str, Any], shared: Mapping[str, dict[Hashable, int]]) -> tuple[Any, ...]:
    """Return a row as a list of values, with the indices of those that it shares with others."""
    return (
        row["id"],
        row["name"],
        row["schema"],
        index_of(shared["services"], service(row)),
        index_of(shared["states"], (row["status"], row["tone"], row["reason"])),
        index_of(shared["choices"], (pair(row["next_action"]), *map(pair, row["also"]))),
        index_of(shared["rhythms"], (row["frequency"], row["next_words"], row["interval"])),
        row["since"],
        row["last"],
        row["failed"],
        row["next"],
        bool(row["marked"]),
        *((row["expected"],) if row.get("expected") else ()),
    )


def service(row: Mapping[str, Any]) -> Hashable:
    """Return the values of a row that describe its service."""
    names = ("service", "service_name", "icon", "docs", "category")
    return tuple(row[name] for name in names)


def index_of(values: dict[Hashable, int], value: Hashable) -> int:
    """Return the index of a value, a new one if it is new."""
    return values.setdefault(value, len(values))


def pair(action: Mapping[str, str] | None) -> tuple[str, str] | None:
    """Return an action as (id, label)."""
    return (action["id"], action["label"]) if action else None
