"""The size of a run, and what goes wrong when; days are those of a run of thirty."""

from dataclasses import dataclass

LENGTH = 30.0
HOUR, DAY = 3600.0, 86400.0
# How often connectors sync, in minutes, and the share of those that do.
FREQUENCIES = {1440: 0.6, 360: 0.25, 180: 0.1, 60: 0.05}
# Of the webhooks: never delivered, delivered twice, and delivered up to three hours late.
LOST, DOUBLED, LATE = 0.05, 0.1, 0.2
LONGEST_DELAY = 3 * HOUR
NO_HISTORY, SILENT = "no history", "no webhooks"
# What takes the webhooks along with the API, and what stops all processes of the product.
AWAY, STOPPED = "away", "no process"
# What leaves nothing but webhooks, of which many are then lost.
NO_API, LOST_ALONE = "no API", 0.4


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of a run; `step` is the seconds of sandbox time between two turns of the jobs."""

    days: float = LENGTH
    connectors: int = 200
    groups: int = 4
    processes: int = 2
    kills: int = 24
    step: float = 1800.0
    seed: int = 1
    database_url: str | None = None


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong from a day on for some hours, for a share of the requests.

    `fault` is the kind of fault that the sandbox injects, if it is one of Fivetran's API.
    """

    kind: str
    day: float
    hours: float
    fault: str = ""
    share: float = 1.0


TROUBLES = (
    Trouble("errors", 2.0, 24.0, "500", 0.6),
    Trouble("too many requests", 4.0, 5.0, "429", 0.7),
    Trouble("too many requests", 4.3, 3.0, "429"),
    Trouble("timeouts", 6.0, 4.0, "delay", 0.05),
    Trouble("cut answers", 7.0, 24.0, "cut", 0.1),
    Trouble(AWAY, 9.0, 8.0, "html"),
    Trouble(AWAY, 10.5, 2.0, "refuse"),
    Trouble(NO_HISTORY, 12.0, 96.0),
    # Without a history, too; and at first only webhooks are left.
    Trouble(NO_API, 12.4, 10.0, "html"),
    Trouble(AWAY, 13.0, 7.0, "html"),
    Trouble(SILENT, 14.0, 36.0),
    Trouble("errors", 15.0, 12.0, "502", 0.3),
    Trouble(STOPPED, 17.0, 9.0),
    Trouble(SILENT, 19.0, 48.0),
    Trouble(AWAY, 20.0, 5.0, "429"),
    Trouble("lost answers", 22.0, 24.0, "lost_answer", 0.2),
    Trouble(NO_HISTORY, 24.0, 60.0),
    Trouble(NO_API, 24.3, 10.0, "429"),
    Trouble(AWAY, 25.0, 12.0, "html"),
    Trouble(STOPPED, 25.8, 6.0),
)


def present(elapsed: float, plan: Plan) -> list[Trouble]:
    """Return what goes wrong so many seconds after the start; a shorter run scales the times."""
    day = elapsed / DAY * LENGTH / plan.days
    return [one for one in TROUBLES if one.day <= day < one.day + one.hours / 24]
