"""The table editor: a pending selection of tables of one connector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.schedule import next_in_words
from pbf.rules.table_selection import (
    Key,
    SourceTable,
    changes,
    matching,
    patch,
    source_tables,
)
from pbf.spreadsheet import line
from pbf.visible_text import shown, shown_name

FRESH = 60.0
SYNCED = "Synced"


@dataclass
class TableEditor:
    """One person's selection for one connector.

    `version` counts the lists that were shown: rows keep their positions within one. Choices are
    stored by (schema, table). `message` is a kind and a text for the person.
    """

    connector_id: str
    config: SchemaConfig | None = None
    read_at: float = float("-inf")
    typed: str = ""
    schema: str = ""
    version: int = 0
    tables: list[SourceTable] = field(default_factory=list)
    shown: list[SourceTable] = field(default_factory=list)
    ticks: list[bool] = field(default_factory=list)
    chosen: dict[Key, bool] = field(default_factory=dict)
    message: tuple[str, str] = ("", "")

    def read(self, fetch: Callable[[], SchemaConfig | None], now: float) -> None:
        """Fetch what is synced, unless it was fetched a moment ago."""
        if now - self.read_at >= FRESH:
            self.take(fetch(), now)

    def take(self, config: SchemaConfig | None, now: float) -> None:
        """Take over a configuration; the list is made anew if it has changed."""
        self.read_at = now
        if config != self.config or not self.version:
            self.config = config
            self.tables = source_tables(config) if config else []
            self._make_list()

    def search(self, typed: str, schema: str = "") -> None:
        """Show only the tables with the typed words, of one schema if named; choices stay."""
        if (typed, schema) != (self.typed, self.schema):
            self.typed, self.schema = typed, schema
            self._make_list()

    @property
    def schemas(self) -> list[str]:
        """The schemas that have tables to choose, in the order of their names."""
        return list(dict.fromkeys(table.schema for table in self.tables if not table.locked))

    def keep(self, edited: Mapping[int, Mapping[str, Any]]) -> None:
        """Store the ticks that were changed in the list, by position."""
        self.message = ("", "")
        for position, cells in edited.items():
            if SYNCED in cells and int(position) < len(self.shown):
                self.chosen[self.shown[int(position)].key] = bool(cells[SYNCED])

    def switch(self, on: bool) -> None:
        """Select all tables that are shown, or none of them."""
        self.message = ("", "")
        self.chosen.update({table.key: on for table in self.shown})
        self._make_list()

    def undo(self) -> None:
        """Select what is synced now."""
        self.chosen, self.message = {}, ("", "")
        self._make_list()

    @property
    def changed(self) -> dict[Key, bool]:
        """What the selection changes."""
        return changes(self.tables, self.chosen)

    @property
    def request(self) -> dict[Key, bool]:
        """The changes to request of Fivetran."""
        return patch(self.config, self.changed) if self.config else {}

    @property
    def locked(self) -> list[SourceTable]:
        """The tables that cannot be switched."""
        return [table for table in self.tables if table.locked]

    @property
    def count(self) -> str:
        """How many tables of the source are synced now, as a sentence."""
        on = sum(table.on for table in self.tables)
        return f"{on:,} of {len(self.tables):,} tables are synced."

    @property
    def unread(self) -> str:
        """What of Fivetran's response could not be read, as a sentence; "" if all could."""
        if self.config is None:
            return ""
        schemas = self.config.unread
        tables = sum(schema.unread for schema in self.config.schemas.values())
        parts = [f"{schemas:,} schema{'s' * (schemas != 1)}"] * bool(schemas)
        parts += [f"{tables:,} table{'s' * (tables != 1)}"] * bool(tables)
        what = " and ".join(parts)
        return f"{what} of Fivetran's answer could not be read." if what else ""

    def saved(self, config: SchemaConfig, now: float) -> None:
        """Take over the response to a change, and set the message about it."""
        requested = set(self.changed)
        self.take(config, now)
        left = requested & set(self.changed)
        if left:
            names = ", ".join(sorted(".".join(key) for key in left)[:3])
            self.message = (
                "error",
                f"Fivetran left {len(left)} as they were: {names}. {self.count}",
            )
        else:
            self.undo()
            self.message = ("success", f"Saved. {self.count}")

    def _make_list(self) -> None:
        switchable = [
            table for table in self.tables if not table.locked and self.schema in ("", table.schema)
        ]
        self.shown = matching(switchable, self.typed)
        self.ticks = [self.chosen.get(table.key, table.on) for table in self.shown]
        self.version += 1


def columns(tables: Sequence[SourceTable]) -> dict[str, list[str]]:
    """Return the texts about tables, by column."""
    return {
        "Table": [shown_name(table.table) for table in tables],
        "Schema": [shown_name(table.schema) for table in tables],
        "In the destination": [shown(table.destination) for table in tables],
    }


def as_csv(tables: Sequence[SourceTable]) -> str:
    """Return tables as CSV, with a byte order mark so that spreadsheets read it as UTF-8."""
    rows = (
        (table.schema, table.table, table.destination, "yes" if table.on else "no")
        for table in tables
    )
    headers = ("Schema", "Table", "In the destination", SYNCED)
    return "\ufeff" + "".join(line(row, "\r\n") for row in (headers, *rows))


def when_there_are_tables(connector: Connector, *, read: bool, now: datetime) -> str:
    """Return why there are no tables to choose, and when there will be."""
    if read:
        return "Fivetran found no tables to choose in this source."
    if connector.status.sync_state == "syncing" and not connector.paused:
        return "Fivetran is reading the source. Its tables appear when the first sync is done."
    if connector.succeeded_at:
        return "Fivetran has no list of this source's tables, although it was synced."
    at = next_in_words(connector, now)
    return f"The first sync reads which tables there are. Next sync: {at}."
