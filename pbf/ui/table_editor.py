"""The choice of tables one is at work on: what was read, what is chosen, what is shown (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.schedule import next_in_words
from pbf.rules.table_selection import Key, SourceTable, changes, matching, patch, source_tables
from pbf.spreadsheet import line
from pbf.visible_text import shown

FRESH = 60.0
SYNCED = "Synced"


@dataclass
class Desk:
    """One person's choice for one connector.

    `sheet` counts the lists that were laid out: within one, rows keep their places, and what is
    chosen is put down by (schema, table).
    """

    connector_id: str
    config: SchemaConfig | None = None
    read_at: float = float("-inf")
    typed: str = ""
    schema: str = ""
    sheet: int = 0
    tables: list[SourceTable] = field(default_factory=list)
    shown: list[SourceTable] = field(default_factory=list)
    laid_out: list[bool] = field(default_factory=list)
    chosen: dict[Key, bool] = field(default_factory=dict)
    said: tuple[str, str] = ("", "")

    def read(self, fetch: Callable[[], SchemaConfig | None], now: float) -> None:
        """Take a new look at what is synced, unless the last one was a moment ago."""
        if now - self.read_at >= FRESH:
            self.take(fetch(), now)

    def take(self, config: SchemaConfig | None, now: float) -> None:
        """Take over what Fivetran says; the list is laid out anew if that differs."""
        self.read_at = now
        if config != self.config or not self.sheet:
            self.config = config
            self.tables = source_tables(config) if config else []
            self._lay_out()

    def search(self, typed: str, schema: str = "") -> None:
        """Show only what holds the typed words, of one schema if named; what is chosen stays."""
        if (typed, schema) != (self.typed, self.schema):
            self.typed, self.schema = typed, schema
            self._lay_out()

    @property
    def schemas(self) -> list[str]:
        """The schemas that have something to choose, in the order of their names."""
        return list(dict.fromkeys(one.schema for one in self.tables if not one.locked))

    def keep(self, edited: Mapping[int, Mapping[str, Any]]) -> None:
        """Put down what was ticked in the list that is laid out, by its places there."""
        self.said = ("", "")
        for place, cells in edited.items():
            if SYNCED in cells and int(place) < len(self.shown):
                self.chosen[self.shown[int(place)].key] = bool(cells[SYNCED])

    def switch(self, on: bool) -> None:
        """Choose all that is shown, or none of it."""
        self.said = ("", "")
        self.chosen.update({one.key: on for one in self.shown})
        self._lay_out()

    def undo(self) -> None:
        """Choose what is synced now."""
        self.chosen, self.said = {}, ("", "")
        self._lay_out()

    @property
    def changed(self) -> dict[Key, bool]:
        """What the choice changes."""
        return changes(self.tables, self.chosen)

    @property
    def wanted(self) -> dict[Key, bool]:
        """What to ask of Fivetran for that."""
        return patch(self.config, self.changed) if self.config else {}

    @property
    def locked(self) -> list[SourceTable]:
        """What cannot be switched."""
        return [one for one in self.tables if one.locked]

    @property
    def count(self) -> str:
        """How much of the source is synced now."""
        return f"{sum(one.on for one in self.tables):,} of {len(self.tables):,} tables are synced."

    @property
    def unread(self) -> str:
        """How much of Fivetran's answer could not be read, as a sentence; "" if all could."""
        if self.config is None:
            return ""
        schemas = self.config.unread
        tables = sum(schema.unread for schema in self.config.schemas.values())
        parts = [f"{schemas:,} schema{'s' * (schemas != 1)}"] * bool(schemas)
        parts += [f"{tables:,} table{'s' * (tables != 1)}"] * bool(tables)
        what = " and ".join(parts)
        return f"{what} of Fivetran's answer could not be read." if what else ""

    def saved(self, config: SchemaConfig, now: float) -> None:
        """Take over the answer to a change, and say what came of it."""
        asked = set(self.changed)
        self.take(config, now)
        left = asked & set(self.changed)
        if left:
            names = ", ".join(sorted(".".join(key) for key in left)[:3])
            self.said = ("error", f"Fivetran left {len(left)} as they were: {names}. {self.count}")
        else:
            self.undo()
            self.said = ("success", f"Saved. {self.count}")

    def _lay_out(self) -> None:
        switchable = [
            one for one in self.tables if not one.locked and self.schema in ("", one.schema)
        ]
        self.shown = matching(switchable, self.typed)
        self.laid_out = [self.chosen.get(one.key, one.on) for one in self.shown]
        self.sheet += 1


def columns(tables: Sequence[SourceTable]) -> dict[str, list[str]]:
    """Return what is told of tables, by column."""
    return {
        "Table": [shown(one.table) for one in tables],
        "Schema": [shown(one.schema) for one in tables],
        "In the destination": [shown(one.destination) for one in tables],
    }


def as_csv(tables: Sequence[SourceTable]) -> str:
    """Return tables as CSV, with a mark in front that tells spreadsheets that it is UTF-8."""
    rows = ((one.schema, one.table, one.destination, "yes" if one.on else "no") for one in tables)
    heads = ("Schema", "Table", "In the destination", SYNCED)
    return "\ufeff" + "".join(line(row, "\r\n") for row in (heads, *rows))


def when_there_are_tables(connector: Connector, *, read: bool, now: Any) -> str:
    """Return why there is nothing to choose, and when there will be."""
    if read:
        return "Fivetran found no tables to choose in this source."
    if connector.status.sync_state == "syncing" and not connector.paused:
        return "Fivetran is reading the source. Its tables appear when the first sync is done."
    at = next_in_words(connector, now)
    return f"The first sync reads which tables there are. Next sync: {at}."
