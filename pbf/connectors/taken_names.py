"""Permanent names of one group: which one a connector would get, and which are taken.

A name is taken if a connector has it, or if an attempt to create another one has reserved it.
"""

import hashlib
import json
from dataclasses import replace
from uuid import uuid4

from pbf.connectors.context import Context
from pbf.errors import LimitReached, NameTaken
from pbf.fivetran import naming_fields
from pbf.rules import permanent_names
from pbf.rules.permanent_names import PermanentName
from pbf.store.tables import Creation


class PermanentNames:
    """The permanent names of one group."""

    def __init__(self, context: Context) -> None:
        """Take the reserved names from the store, and the others from the list of connectors."""
        self._group_id = context.group_id
        self._attempts = context.store.creations
        self._connectors = context.connectors
        self._policy = context.policy

    def new_attempt(
        self, service_id: str, typed: str, *, required: tuple[str, ...], key: str | None = None
    ) -> Creation:
        """Return a new attempt at a connector; it is not stored yet.

        `required` are the naming fields that the service's metadata names.
        """
        # Kept with the attempt: the metadata may change later, and the name with it.
        fields = naming_fields.fields(service_id, required)
        name = permanent_names.permanent_name(service_id, typed, (), fields, self._policy().naming)
        return Creation(
            group_id=self._group_id,
            key=digest(key or uuid4().hex),
            fingerprint=digest(json.dumps([service_id, typed])),
            service=service_id,
            typed=typed,
            schema_name=name.schema,
            reserved=name.name,
            naming_fields=",".join(fields),
        )

    def name(self, new: Creation) -> PermanentName:
        """Return the name of a new attempt, taken if listed or reserved by another attempt.

        It is pending, and not taken, while an attempt at the same connector is not settled, and for
        an attempt that has created its connector.
        """
        existing, own = self._connectors.schema_names(), self._own(new)
        for stored in self._attempts.unsettled(self._group_id):
            if stored.key == new.key or is_same(stored, new):
                own = stored
            elif stored.reserved:
                existing.append(stored.reserved)
        if own:
            existing = [schema for schema in existing if schema != own.schema_name]
        return replace(self._free(new, existing), pending=own is not None)

    def _own(self, new: Creation) -> Creation | None:
        """Return the attempt of the same key and request, if there is one."""
        stored = self._attempts.find(new.group_id, new.key)
        return stored if stored and stored.fingerprint == new.fingerprint else None

    def refuse_above(self, most: int | None, new: Creation) -> None:
        """Raise LimitReached if a stored attempt would make more connectors than allowed.

        Connectors that are being created or deleted count, so that callers at the same time
        cannot exceed the limit together.
        """
        if most is None:
            return
        self._connectors.forget()
        attempts = self._attempts.unsettled(self._group_id)
        names = {*self._connectors.schema_names(), *(stored.schema_name for stored in attempts)}
        if len(names - {new.schema_name}) >= most:
            raise LimitReached(
                f"Connectors are limited to {most:,}, and this number is reached, with those that "
                "are being created or deleted. Delete one for good, or ask for a higher limit."
            )

    def taken_by(self, schema_name: str, attempt: Creation) -> NameTaken:
        """Return the error for an attempt whose name another connector has, with a free one."""
        return taken(self._free(attempt, [*self._connectors.schema_names(), schema_name]))

    def _free(self, attempt: Creation, existing: list[str]) -> PermanentName:
        return permanent_names.permanent_name(
            attempt.service, attempt.typed, existing, attempt.required, self._policy().naming
        )


def taken(name: PermanentName) -> NameTaken:
    """Return the error for a name that is taken."""
    return NameTaken(f"The name {name.name} is taken. {name.free} is free.", free=name.free)


def is_same(stored: Creation, new: Creation) -> bool:
    """Return whether a stored attempt is not settled and is at the same connector as a new one."""
    return stored.reserved is not None and stored.fingerprint == new.fingerprint


def digest(text: str) -> str:
    """Return the hash under which keys and requests are stored."""
    return hashlib.sha256(text.encode()).hexdigest()
