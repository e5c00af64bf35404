"""A scenario: groups with connectors in given states, and events at times after the start.

Captions make a story of it, whose steps are its events with captions.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.catalogue.sources import schemas_of
from pbf.sandbox.control.fault_rules import FaultRule
from pbf.sandbox.control.samples import MOST_CONNECTIONS, STATES
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.core.schedules import FREQUENCIES
from pbf.sandbox.resources.access.plans import PLANS as ACCOUNT_PLANS
from pbf.sandbox.resources.schema_changes import HANDLING
from pbf.sandbox.resources.users import roles

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\d{1,6}[smhd])( \d{1,6}[smhd])*")
MOST_COPIES = 1_000
# How many characters a line of a file has at most.
WIDTH = 110


def seconds(text: object) -> float:
    """Return the seconds of a duration such as "1d 2h 30m"; raise ValueError."""
    if not isinstance(text, str) or not DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 1d 2h 30m")
    return float(sum(int(part[:-1]) * UNITS[part[-1]] for part in text.split()))


Duration = Annotated[float, BeforeValidator(seconds)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConnectorPart(_Part):
    """One connector of a group, and the state in which it starts."""

    service: str
    schema_name: str = Field(alias="schema", min_length=1)
    state: str = "healthy"
    frequency: int = 360
    schema_change_handling: str = "ALLOW_ALL"

    @model_validator(mode="after")
    def _check(self) -> "ConnectorPart":
        if self.service not in services():
            raise ValueError(f"there is no service {self.service!r}")
        if self.state not in STATES:
            raise ValueError(f"there is no state {self.state!r}: use {', '.join(STATES)}")
        if self.frequency not in FREQUENCIES:
            raise ValueError(f"{self.frequency} is not a number of minutes that Fivetran offers")
        if self.schema_change_handling not in HANDLING:
            raise ValueError(f"there is no such handling: use {', '.join(HANDLING)}")
        return self


class GroupPart(_Part):
    """A group; `samples` are more connectors of various services, by their state.

    Of several `copies`, each has a number in its name.
    """

    name: str = Field(min_length=1)
    copies: int = Field(default=1, ge=1, le=MOST_COPIES)
    connectors: tuple[ConnectorPart, ...] = ()
    samples: Mapping[str, Annotated[int, Field(ge=0, le=MOST_CONNECTIONS)]] = {}

    @model_validator(mode="after")
    def _check(self) -> "GroupPart":
        for state in self.samples:
            if state not in STATES:
                raise ValueError(f"there is no state {state!r}: use {', '.join(STATES)}")
        return self


class Caption(_Part):
    """What a step of a story says, and on which page of a dashboard it is seen.

    `connector` is the schema of the connector that the page is about.
    """

    title: str = Field(min_length=1)
    text: str = Field(min_length=1)
    page: Literal[
        "overview", "connectors", "connector", "tables", "incidents", "tenants", "activity"
    ] = "connectors"
    connector: str = ""

    @model_validator(mode="after")
    def _check(self) -> "Caption":
        if bool(self.connector) != (self.page in ("connector", "tables")):
            raise ValueError("connector belongs to the pages connector and tables")
        return self


class EventPart(_Part):
    """Something that happens: a new state of a connector, a fault for a time, or a plan.

    `connector` is a schema. A fault without `lasts` stays. `adds` are tables that appear in the
    connector's source, by its schemas, with their columns (`catalogue.sources`). `requests_left`
    is what remains of the hour's requests. A `caption` says it to people.
    """

    after: Duration
    connector: str = ""
    becomes: str = ""
    fault: FaultRule | None = None
    lasts: Duration | None = None
    limits: str = ""
    adds: Mapping[str, tuple[str, ...]] = {}
    requests_left: Annotated[int, Field(ge=0)] | None = None
    caption: Caption | None = None

    @model_validator(mode="after")
    def _check(self) -> "EventPart":
        if bool(self.connector) != bool(self.becomes or self.adds):
            raise ValueError("connector belongs to becomes or adds")
        if self.becomes and self.becomes not in STATES:
            raise ValueError(f"there is no state {self.becomes!r}: use {', '.join(STATES)}")
        if self.limits and self.limits not in PLANS:
            raise ValueError(f"there is no plan {self.limits!r}: use {', '.join(PLANS)}")
        if self.lasts is not None and self.fault is None:
            raise ValueError("lasts belongs to a fault")
        happens = self.becomes or self.adds or self.fault or self.limits or self.caption
        if not happens and self.requests_left is None:
            raise ValueError("say what happens: connector and becomes, fault, or limits")
        return self


class SwitchesPart(_Part):
    """What the account has at the start, where it differs from an account that has everything."""

    plan: str | None = None
    previews: bool | None = None
    role: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "SwitchesPart":
        if self.plan is not None and self.plan not in ACCOUNT_PLANS:
            raise ValueError(f"there is no plan {self.plan!r}: use {', '.join(ACCOUNT_PLANS)}")
        names = [role.name for role in roles() if role.scope == "ACCOUNT"]
        if self.role and self.role not in names:
            raise ValueError(f"there is no role {self.role!r}: use {', '.join(names)}")
        return self


class Step(NamedTuple):
    """A step of a story: when it happens, in seconds after the start, and what it says."""

    after: float
    caption: Caption


class Scenario(_Part):
    """A world and what happens in it."""

    name: str = Field(min_length=1)
    description: str = ""
    seed: int = 1
    limits: Literal["trial", "paid", "off"] = "paid"
    switches: SwitchesPart = SwitchesPart()
    groups: tuple[GroupPart, ...] = Field(min_length=1)
    events: tuple[EventPart, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Scenario":
        connectors = [
            item for group in self.groups for item in group.connectors * min(2, group.copies)
        ]
        schemas = [item.schema_name for item in connectors]
        captions = [event.caption.connector for event in self.events if event.caption]
        named = {*(event.connector for event in self.events), *captions} - {""}
        if unknown := sorted(named.difference(schemas)):
            raise ValueError(f"no connector has the schema {unknown[0]!r}")
        ambiguous = [schema for schema in schemas if schemas.count(schema) > 1]
        if named & set(ambiguous):
            raise ValueError(f"several connectors have the schema {ambiguous[0]!r}")
        if self.groups[0].copies > 1:
            raise ValueError("the first group has no copies")
        if self.steps and self.steps[0].after:
            raise ValueError("the first caption is that of an event after 0s")
        self._check_sources({item.schema_name: item.service for item in connectors})
        return self

    def _check_sources(self, services: Mapping[str, str]) -> None:
        for event in self.events:
            if event.adds:
                names = {schema.name for schema in schemas_of(services[event.connector])}
                if unknown := sorted(event.adds.keys() - (names - {""} or {event.connector})):
                    raise ValueError(f"the source of {event.connector} has no {unknown[0]!r}")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a story, in order."""
        steps = [Step(event.after, event.caption) for event in self.events if event.caption]
        return tuple(sorted(steps, key=lambda step: step.after))


class ScenarioFile:
    """A scenario and the document that it was read from, comments included."""

    def __init__(self, document: Any) -> None:
        """Check a parsed document; raise InvalidInput with the place of the first mistake."""
        self.document = document
        try:
            self.scenario = Scenario.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the scenario"
            raise InvalidInput(f"{place}: {first['msg']}") from error

    def text(self) -> str:
        """Return the document as YAML; one that was read from this text gives the same text."""
        stream = StringIO()
        _yaml().dump(self.document, stream)
        return stream.getvalue()


def load(name_or_path: str) -> ScenarioFile:
    """Return a scenario of the library, or of a file; raise InvalidInput."""
    if name_or_path in names():
        return parse(_library(name_or_path).read_text(encoding="utf-8"))
    try:
        return parse(Path(name_or_path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(names())
        text = f"{name_or_path} is not a readable file, and no scenario of the library: {known}"
        raise InvalidInput(text) from error


def parse(text: str) -> ScenarioFile:
    """Return the scenario of a YAML text; raise InvalidInput."""
    yaml = _yaml()
    from ruamel.yaml.error import MarkedYAMLError

    try:
        return ScenarioFile(yaml.load(text))
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InvalidInput(f"The scenario is not valid YAML. {line}{error.problem}") from error


@cache
def names() -> tuple[str, ...]:
    """Return the names of the library's scenarios."""
    folder = files(__package__) / "library"
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir()))


def _library(name: str) -> Any:
    return files(__package__) / "library" / f"{name}.yaml"


def _yaml() -> Any:
    try:
        from ruamel.yaml import YAML
    except ImportError as error:
        raise InvalidInput(
            "Scenarios need ruamel.yaml. Run: pip install 'fivetran-sandbox[scenarios]'"
        ) from error
    yaml = YAML()
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
