"""The table of connectors, searched, sorted and filtered in the browser."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pbf.component import component


def connector_table(
    rows: Sequence[Mapping[str, Any]],
    *,
    version: str,
    now: str,
    key: str = "connectors",
    detail: str = "",
) -> dict[str, str] | None:
    """Draw the connectors and return what the user asked for in this run.

    Each row has `id`, `name`, `schema`, `service`, `service_name`, `icon`, `docs`, `status`, `tone`
    ("good", "busy", "attention", "bad" or "quiet"), `reason`, `since` and `last` (ISO times in UTC,
    or None), `next_action` (`{"id", "label"}` or None), `also` (a list of such), `frequency` and
    `marked`. The rows are drawn anew, in place, when `version` differs from the last one. `now` is
    the server's time, ISO in UTC. `detail` names the page that a connector's name leads to, with
    its id as `?id=`.

    The answer is `{"action", "id"}` or None. It comes from the browser: look the id up among the
    tenant's own connectors.
    """
    draw = component("pbf_connector_table", Path(__file__).parent)
    data = {
        "version": version,
        "now": first_drawn(key, version, now),
        "detail": detail,
        **packed(rows),
    }
    return asked(draw(key=key, data=data, on_act_change=lambda: None).act)


def first_drawn(key: str, version: str, now: str) -> str:
    """Return when this session first drew a version.

    The payload must stay the same from run to run, or thousands of rows are sent again.
    """
    name = f"{key}.first_drawn"
    kept: tuple[str, str] | None = st.session_state.get(name)
    if kept is None or kept[0] != version:
        kept = st.session_state[name] = (version, now)
    return kept[1]


def asked(act: Any) -> dict[str, str] | None:
    """Return an action of the browser if it has the shape of one."""
    if not isinstance(act, Mapping):
        return None
    action, connector = act.get("action"), act.get("id")
    if not isinstance(action, str) or not isinstance(connector, str):
        return None
    return {"action": action, "id": connector}


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows as short lists that refer to what many of them share."""
    services: dict[Hashable, int] = {}
    states: dict[Hashable, int] = {}
    choices: dict[Hashable, int] = {}
    frequencies: dict[Hashable, int] = {}
    short = [
        (
            row["id"],
            row["name"],
            row["schema"],
            place(services, (row["service"], row["service_name"], row["icon"], row["docs"])),
            place(states, (row["status"], row["tone"], row["reason"])),
            place(choices, (pair(row["next_action"]), *map(pair, row["also"]))),
            place(frequencies, row["frequency"]),
            row["since"],
            row["last"],
            bool(row["marked"]),
        )
        for row in rows
    ]
    return {
        "rows": short,
        "services": list(services),
        "states": list(states),
        "choices": list(choices),
        "frequencies": list(frequencies),
    }


def place(known: dict[Hashable, int], value: Hashable) -> int:
    """Return the place of a value among the known ones, a new one if it is new."""
    return known.setdefault(value, len(known))


def pair(action: Mapping[str, str] | None) -> tuple[str, str] | None:
    """Return an action as (id, label)."""
    return (action["id"], action["label"]) if action else None
