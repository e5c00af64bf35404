"""Requests for services that a tenant cannot choose: hidden by its policy, or in no catalogue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pbf.clock import current_time
from pbf.errors import InputError, LimitReached
from pbf.fivetran.models import Service
from pbf.paths import LONGEST_SEARCH
from pbf.store.identity.service_requests import ServiceRequests, topic_of
from pbf.visible_text import typeable

# Requests of one person that wait for an answer.
MOST_WAITING = 20


@dataclass(frozen=True)
class Receipt:
    """What somebody has asked for, whether for the first time, and the answer if there is one."""

    text: str
    is_new: bool
    answer: str = ""


class SourceRequests:
    """Takes the requests of people; operators answer them."""

    def __init__(
        self, requests: ServiceRequests, *, clock: Callable[[], float] = current_time
    ) -> None:
        """Keep the requests in a store."""
        self._requests = requests
        self._clock = clock

    def ask(
        self,
        tenant_id: str,
        person_id: str,
        typed: str,
        *,
        asker: str,
        hidden: Callable[[], Iterable[Service]],
    ) -> Receipt:
        """Store what a person of a tenant asks for, as typed; `asker` is what operators read.

        `hidden` returns the services that the tenant may not choose. If the text names one, that is
        noted for the operators; the receipt is the same as for a service that nobody offers.
        Raises InputError, LimitReached or StoreFailed, and what `hidden` raises.
        """
        text = typeable(typed)[:LONGEST_SEARCH].strip()
        if not any(character.isalnum() for character in text):
            raise InputError("Type the name of the source that you miss, then ask for it.")
        earlier = self._requests.of_person(tenant_id, person_id)
        for row in earlier:
            if topic_of("", row.wanted) == topic_of("", text):
                return Receipt(text, is_new=False, answer=row.answer)
        self._refuse_too_many(sum(row.answered_at is None for row in earlier))
        service_id = _named(hidden(), name_key(text))
        if any(row.service == service_id for row in earlier):
            service_id = ""  # one person's other name for it is as new as any other text
        self._requests.add(
            tenant_id, person_id, service=service_id, wanted=text, asker=asker, now=self._clock()
        )
        return Receipt(text, is_new=True)

    def _refuse_too_many(self, waiting: int) -> None:
        if waiting >= MOST_WAITING:
            raise LimitReached(
                f"You have asked for {MOST_WAITING} sources that nobody has answered yet. "
                "Wait for an answer before you ask for more."
            )


def name_key(text: str) -> str:
    """Return the form in which names of services are compared: letters and digits."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _named(services: Iterable[Service], key: str) -> str:
    names = ((item.id, (name_key(item.id), name_key(item.title))) for item in services)
    return next((service_id for service_id, keys in names if key in keys), "")
