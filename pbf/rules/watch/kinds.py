"""What an incident is: its kinds, its thread of events, and the words for both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from pbf.rules.health import Tone

Kind = Literal["needs_action", "late", "failing", "paused", "unreachable", "source_down"]

KINDS: tuple[Kind, ...] = get_args(Kind)
# If more connectors than this have problems at once, they are one incident.
MASS = 5
# So many syncs that fail in a row are an incident.
FAILURES = 2
# A connector may be paused outside of this dashboard for so many seconds.
PAUSED_FOR = 24 * 3600.0
# Fivetran may be unreachable for so many seconds.
UNREACHABLE_FOR = 300.0

WORDS: dict[Kind, tuple[str, Tone]] = {
    "needs_action": ("Needs you", "bad"),
    "late": ("Late", "attention"),
    "failing": ("Failing", "bad"),
    "paused": ("Paused elsewhere", "attention"),
    "unreachable": ("Fivetran unreachable", "attention"),
    "source_down": ("Many at once", "bad"),
}
STEPS: dict[Kind, str] = {
    "needs_action": "Open the connector and take the step that it names.",
    "late": "Open the connector and see why it is late.",
    "failing": "Open the connector and see why its syncs fail.",
    "paused": "Resume it, or ask who paused it in Fivetran.",
    "unreachable": "Nothing to do: syncs go on at Fivetran, and this closes by itself.",
    "source_down": "Check whether the source itself is down before you change anything here.",
}


@dataclass(frozen=True)
class IncidentEvent:
    """One event of an incident's thread; `actor` is who caused it, "" for the system."""

    at: datetime
    kind: str
    text: str
    actor: str = ""


@dataclass(frozen=True)
class IncidentEntry:
    """Something that is or was wrong with a connector; with "" as its id, with a whole tenant.

    `explained_by` is the incident of many connectors that it belongs to, "" for none. Times are
    UTC; `events` are the oldest first.
    """

    id: str
    group_id: str
    connector_id: str
    connector_name: str
    kind: Kind
    title: str
    opened_at: datetime
    closed_at: datetime | None = None
    explained_by: str = ""
    schema_name: str = ""
    events: tuple[IncidentEvent, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self.closed_at is None

    @property
    def word(self) -> str:
        """Its kind in a word or two."""
        return WORDS[self.kind][0]

    @property
    def tone(self) -> Tone:
        """The colour family of the word; that of a closed incident is quiet."""
        return WORDS[self.kind][1] if self.is_open else "quiet"

    @property
    def next_step(self) -> str:
        """The one thing to do about it now; "" once it is closed."""
        return STEPS[self.kind] if self.is_open else ""
