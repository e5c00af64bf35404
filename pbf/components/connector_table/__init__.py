"""The table of connectors, searched, sorted and filtered in the browser."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pbf.components.loader import component, pack, parcel


@dataclass(frozen=True)
class Asked:
    """What a browser asks for, and of which rows, by id."""

    action: str
    ids: tuple[str, ...]


def connector_table(
    rows: bytes,
    *,
    version: str,
    now: str,
    key: str = "connectors",
    detail: str = "",
) -> None:
    """Draw the connectors; `asked_of_table` says what somebody does with them.

    `rows` are `packed`. They are drawn anew, in place, when `version` differs from the last one.
    `now` is the server's time, ISO in UTC. `detail` names the page that a connector's name leads
    to, with its id as `?id=`.
    """
    draw = component("pbf_connector_table", Path(__file__).parent)
    label = {"version": version, "now": first_drawn(key, version, now), "detail": detail}
    draw(key=key, data=parcel(label, rows), on_act_change=lambda: None)


def asked_of_table(key: str = "connectors") -> Asked | None:
    """Return what is asked for in this run, before the table is drawn again, or None.

    It comes from the browser: look its ids up among the tenant's own connectors. What one gesture
    asks for is answered once, though the page may run again before it is forgotten.
    """
    known = st.session_state.get(key)
    act = known.get("act") if isinstance(known, Mapping) else None
    nonce = act.get("nonce") if isinstance(act, Mapping) else None
    if nonce is None or st.session_state.get(f"{key}-answered") == nonce:
        return None
    st.session_state[f"{key}-answered"] = nonce
    return asked(act)


def first_drawn(key: str, version: str, now: str) -> str:
    """Return when this session first drew a version.

    The payload must stay the same from run to run, or thousands of rows are sent again.
    """
    name = f"{key}.first_drawn"
    kept: tuple[str, str] | None = st.session_state.get(name)
    if kept is None or kept[0] != version:
        kept = st.session_state[name] = (version, now)
    return kept[1]


def asked(act: Any) -> Asked | None:
    """Return an action of the browser if it has the shape of one."""
    if not isinstance(act, Mapping):
        return None
    action, ids = act.get("action"), act.get("ids")
    if not isinstance(action, str) or not isinstance(ids, list) or not ids:
        return None
    return Asked(action, tuple(ids)) if all(isinstance(one, str) for one in ids) else None


def packed(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows packed for the browser, as short lists that refer to what many of them share.

    Each row has `id`, `name`, `schema`, `service`, `service_name`, `icon`, `docs`, `category`,
    `status`, `tone` ("good", "busy", "attention", "bad" or "quiet"), `reason`, `since`, `last`,
    `failed` and `next` (ISO times in UTC, or None), `next_words` (where `next` is None),
    `next_action` (`{"id", "label"}` or None), `also` (a list of such), `frequency`, `interval`
    (minutes, None where it is not known), `expected` (when the next success is due, where that is
    not one interval after the last one, else None) and `marked`.
    """
    services: dict[Hashable, int] = {}
    states: dict[Hashable, int] = {}
    choices: dict[Hashable, int] = {}
    rhythms: dict[Hashable, int] = {}
    short = [
        (
            row["id"],
            row["name"],
            row["schema"],
            place(services, service(row)),
            place(states, (row["status"], row["tone"], row["reason"])),
            place(choices, (pair(row["next_action"]), *map(pair, row["also"]))),
            place(rhythms, (row["frequency"], row["next_words"], row["interval"])),
            row["since"],
            row["last"],
            row["failed"],
            row["next"],
            bool(row["marked"]),
            *((row["expected"],) if row.get("expected") else ()),
        )
        for row in rows
    ]
    shared = {"services": services, "states": states, "choices": choices, "rhythms": rhythms}
    return pack({"rows": short, **{name: list(known) for name, known in shared.items()}})


def service(row: Mapping[str, Any]) -> Hashable:
    """Return what a row tells of its service."""
    names = ("service", "service_name", "icon", "docs", "category")
    return tuple(row[name] for name in names)


def place(known: dict[Hashable, int], value: Hashable) -> int:
    """Return the place of a value among the known ones, a new one if it is new."""
    return known.setdefault(value, len(known))


def pair(action: Mapping[str, str] | None) -> tuple[str, str] | None:
    """Return an action as (id, label)."""
    return (action["id"], action["label"]) if action else None
