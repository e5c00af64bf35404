"""The request schema of a channel."""

from typing import ClassVar, Literal

from pydantic import Field

from pbf.api.admin.requests import AdminRequest
from pbf.paths import LONGEST_ID
from pbf.rules.notifications.addresses import LONGEST_ADDRESS
from pbf.rules.watch.kinds import Kind
from pbf.watch.notifications.entries import LONGEST_ESCALATION, LONGEST_NAME, ChannelValues

QUIET = "The fields quiet_from and quiet_until must be times such as 22:00 and 07:00, or empty."


class NewChannel(AdminRequest):
    """A channel to add."""

    sentences: ClassVar[dict[str, str]] = {
        "": 'Send a JSON object: {"kind": "webhook", "name": "...", "address": "https://..."}.',
        "kind": "The field kind must be mail, message or webhook.",
        "name": "The field name is missing. Send a name as text.",
        "address": "The field address is missing. Send an address as text.",
        "audience": "The field audience must be tenant or me.",
        "events": "The field events must be a list of kinds of incidents; empty for all.",
        "scope": "The field scope must be tenant, service or connector.",
        "target": "The field target must be the id of a service or connector, or empty.",
        "digest": "The field digest must be now, hourly or daily.",
        "quiet_from": QUIET,
        "quiet_until": QUIET,
        "time_zone": "The field time_zone must be a name such as Europe/Berlin.",
        "escalates_after": "The field escalates_after must be null or whole hours, at most "
        f"{LONGEST_ESCALATION}.",
    }

    kind: Literal["mail", "message", "webhook"] = Field(
        description="mail: an e-mail address; message: an address of Apprise's; webhook: a URL.",
        examples=["webhook"],
    )
    name: str = Field(max_length=LONGEST_NAME, examples=["Our monitoring"])
    address: str = Field(
        max_length=LONGEST_ADDRESS,
        description="It is a secret: responses mask it.",
        examples=["https://monitoring.example.com/hooks/data"],
    )
    audience: Literal["tenant", "me"] = Field(
        default="tenant", description="Whose channel it is.", examples=["tenant"]
    )
    events: list[Kind] = Field(
        default=[], max_length=20, description="All if empty.", examples=[["failing", "late"]]
    )
    scope: Literal["tenant", "service", "connector"] = Field(default="tenant", examples=["tenant"])
    target: str = Field(default="", max_length=LONGEST_ID, examples=[""])
    digest: Literal["now", "hourly", "daily"] = Field(default="now", examples=["now"])
    quiet_from: str = Field(default="", max_length=5, examples=["22:00"])
    quiet_until: str = Field(default="", max_length=5, examples=["07:00"])
    time_zone: str = Field(default="UTC", max_length=40, examples=["Europe/Berlin"])
    escalates_after: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_ESCALATION,
        description="Hours: only incidents that have been open for so long are sent.",
        examples=[None],
    )

    @property
    def values(self) -> ChannelValues:
        """The values of the channel."""
        content = self.model_dump(exclude={"audience"})
        return ChannelValues(**{**content, "events": tuple(self.events)})
