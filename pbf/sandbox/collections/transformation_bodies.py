"""The bodies of requests that create, change and run transformations."""

from typing import Annotated, Literal

from pydantic import Field

from pbf.sandbox.collections.bodies import Body, Distinct, Flag, Settings, Text, Texts

Day = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class Schedule(Body):
    """When a transformation runs."""

    schedule_type: Literal["INTEGRATED", "TIME_OF_DAY", "INTERVAL", "CRON"]
    cron: Texts
    interval: int = 0
    days_of_week: Annotated[list[Day], Field(default_factory=list), Distinct]
    time_of_day: str = ""
    connection_ids: Annotated[Texts, Distinct]
    transformation_ids: Annotated[Texts, Distinct]
    smart_syncing: Flag = False


class TransformationChange(Body):
    """The body of an update."""

    schedule: Schedule = Schedule.model_validate({"schedule_type": "INTEGRATED"})
    paused: Flag = False
    transformation_config: Settings


class NewTransformation(TransformationChange):
    """The body of a creation."""

    type: Literal["DBT_CORE", "QUICKSTART"]


class Step(Body):
    """A command of a dbt transformation."""

    name: Text
    command: Text


class DbtChange(Body):
    """The settings of a dbt transformation that can change."""

    project_id: str = ""
    name: str = ""
    steps: Annotated[list[Step], Field(default_factory=list)]


class DbtConfig(DbtChange):
    """The settings of a new dbt transformation."""

    project_id: Text
    name: Text
    steps: list[Step]


class QuickstartChange(Body):
    """The settings of a Quickstart transformation that can change."""

    excluded_models: Texts
    configurable_variables: Settings


class QuickstartConfig(QuickstartChange):
    """The settings of a new Quickstart transformation."""

    package_name: Text
    connection_ids: Texts


class Run(Body):
    """The body of a request to run a transformation."""

    full_refresh: Flag = False
