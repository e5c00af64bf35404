"""The account's webhooks at Fivetran.

https://fivetran.com/docs/rest-api/api-reference/webhooks
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pbf.fivetran.addresses import quoted
from pbf.fivetran.fields import Flag, Moment, Number, Text, Texts
from pbf.fivetran.http.transport import Request
from pbf.fivetran.paging import Pages
from pbf.fivetran.parsing import parse


class Webhook(BaseModel):
    """A URL that Fivetran sends events to; Fivetran never returns its secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    type: Text = ""
    group_id: Text = ""
    url: Text = ""
    events: Texts = ()
    active: Flag = None
    created_at: Moment = None


class WebhookTest(BaseModel):
    """How a URL answered to a test: the status of the answer, and what Fivetran says of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    succeed: Flag = None
    status: Number = None
    message: Text = ""


class Webhooks:
    """One method per endpoint.

    Fivetran tests a URL when its webhook is created, activated or given another URL, and raises
    InvalidRequest if the URL does not answer with a 2xx.
    """

    def __init__(self, request: Request, logged: set[tuple[str, str]]) -> None:
        """Send everything through `request`; `logged` are unreadable fields, logged before."""
        self._request = request
        self._logged = logged

    def all(self) -> Iterator[Webhook]:
        """Yield the webhooks of the account and of its groups.

        GET /webhooks
        """
        return Pages(self._request, Webhook, "/webhooks", {}, logged=self._logged)

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook.

        GET /webhooks/{webhookId}
        """
        return parse(Webhook, self._request.send("GET", _path(webhook_id)))

    def create(self, url: str, events: Sequence[str], *, secret: str) -> Webhook:
        """Create an active webhook for the events of the whole account.

        POST /webhooks/account
        """
        body = {"url": url, "events": list(events), "active": True, "secret": secret}
        return parse(Webhook, self._request.send("POST", "/webhooks/account", body=body))

    def update(
        self,
        webhook_id: str,
        *,
        events: Sequence[str] | None = None,
        active: bool | None = None,
        secret: str | None = None,
    ) -> Webhook:
        """Change the given values.

        PATCH /webhooks/{webhookId}
        """
        given = {"events": events and list(events), "active": active, "secret": secret}
        body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return parse(Webhook, self._request.send("PATCH", _path(webhook_id), body=body))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook.

        DELETE /webhooks/{webhookId}
        """
        self._request.send("DELETE", _path(webhook_id))

    def test(self, webhook_id: str, event: str) -> WebhookTest:
        """Have Fivetran send an event of a connector that does not exist; return the result.

        POST /webhooks/{webhookId}/test
        """
        path = _path(webhook_id, "/test")
        return parse(WebhookTest, self._request.send("POST", path, body={"event": event}))


def _path(webhook_id: str, rest: str = "") -> str:
    return f"/webhooks/{quoted(webhook_id)}{rest}"
