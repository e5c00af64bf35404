"""A scenario: groups with connectors in given states, and events at times after the start."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.control.fault_rules import FaultRule
from pbf.sandbox.control.samples import MOST_CONNECTIONS, STATES
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.core.schedules import FREQUENCIES
from pbf.sandbox.resources.access.plans import PLANS as ACCOUNT_PLANS
from pbf.sandbox.resources.users import roles

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\d{1,6}[smhd])( \d{1,6}[smhd])*")
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

    @model_validator(mode="after")
    def _check(self) -> "ConnectorPart":
        if self.service not in services():
            raise ValueError(f"there is no service {self.service!r}")
        if self.state not in STATES:
            raise ValueError(f"there is no state {self.state!r}: use {', '.join(STATES)}")
        if self.frequency not in FREQUENCIES:
            raise ValueError(f"{self.frequency} is not a number of minutes that Fivetran offers")
        return self


class GroupPart(_Part):
    """A group; `samples` are more connectors of various services, by their state."""

    name: str = Field(min_length=1)
    connectors: tuple[ConnectorPart, ...] = ()
    samples: Mapping[str, Annotated[int, Field(ge=0, le=MOST_CONNECTIONS)]] = {}

    @model_validator(mode="after")
    def _check(self) -> "GroupPart":
        for state in self.samples:
            if state not in STATES:
                raise ValueError(f"there is no state {state!r}: use {', '.join(STATES)}")
        return self


class EventPart(_Part):
    """Something that happens: a new state of a connector, a fault for a time, or a plan.

    `connector` is a schema. A fault without `lasts` stays.
    """

    after: Duration
    connector: str = ""
    becomes: str = ""
    fault: FaultRule | None = None
    lasts: Duration | None = None
    limits: str = ""

    @model_validator(mode="after")
    def _check(self) -> "EventPart":
        if bool(self.connector) != bool(self.becomes):
            raise ValueError("connector and becomes belong together")
        if self.becomes and self.becomes not in STATES:
            raise ValueError(f"there is no state {self.becomes!r}: use {', '.join(STATES)}")
        if self.limits and self.limits not in PLANS:
            raise ValueError(f"there is no plan {self.limits!r}: use {', '.join(PLANS)}")
        if self.lasts is not None and self.fault is None:
            raise ValueError("lasts belongs to a fault")
        if not (self.becomes or self.fault or self.limits):
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
        schemas = [item.schema_name for group in self.groups for item in group.connectors]
        unknown = sorted({event.connector for event in self.events} - {"", *schemas})
        if unknown:
            raise ValueError(f"no connector has the schema {unknown[0]!r}")
        ambiguous = [schema for schema in schemas if schemas.count(schema) > 1]
        if {event.connector for event in self.events} & set(ambiguous):
            raise ValueError(f"several connectors have the schema {ambiguous[0]!r}")
        return self


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
    from ruamel.yaml.error import MarkedYAMLError

    try:
        return ScenarioFile(_yaml().load(text))
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
