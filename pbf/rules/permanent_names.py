"""The name of a connector as typed, and the permanent name that is made from it.

The rules, in this order:

1. Letters of other alphabets and accents become plain letters ("Möbel" -> "mobel"), emoji words.
2. Capitals become small letters.
3. Anything else between letters and digits becomes one underscore; none stays at the ends.
4. A name that starts with a digit gets an underscore in front.
5. A name longer than 60 characters is cut there.
6. A name without a letter or digit is refused.
7. A policy may put a text before and after the name, before rules 1 to 5 are applied to all of it,
   and choose a shorter length. The name is cut, these texts are not. A name that already has them
   gets them only once.
8. A name is taken if another connector of the group has the same destination schema or prefix,
   whatever its table; the next free name ends in _2, _3 and so on.

Rule 4 and the alphabet are Fivetran's (core concepts, "naming conventions"). The length is ours:
destinations have different limits, and 60 fits all of them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from anyascii import anyascii

from pbf.errors import InvalidName
from pbf.fivetran.naming_fields import fields
from pbf.visible_text import ENDS, is_one_line

MAX_LENGTH = 60
MAX_TYPED_LENGTH = 100


@dataclass(frozen=True)
class NameRule:
    """What a policy says about names: what stands before and after one, and how long it may be.

    `before` and `after` consist of small letters, digits and underscores.
    """

    before: str = ""
    after: str = ""
    max_length: int = MAX_LENGTH

    def name(self, typed: str, ending: str = "") -> str:
        """Return the permanent name for a typed text, with an ending that is not cut.

        Raises InvalidName if nothing of the text is left.
        """
        plain = _plain(typed)
        if not plain:
            raise InvalidName("Type a name with at least one letter or digit.")
        head, tail = self.before.lstrip("_"), self.after.rstrip("_")
        if len(plain) > len(head + tail) and plain.startswith(head) and plain.endswith(tail):
            plain = plain[len(head) : len(plain) - len(tail)].strip("_") or plain
        room = self.max_length - len(f"{head}{ending}{tail}")
        name = _joined(head, plain[:room].rstrip("_") + ending, tail)
        if len(name) > self.max_length:  # by the underscore in front of a digit
            name = _joined(head, plain[: room - 1].rstrip("_") + ending, tail)
        return name


ANY_NAME = NameRule()


@dataclass(frozen=True)
class PermanentName:
    """The name of a connector in the destination, which never changes.

    `name` is the value of each naming field, `schema` what Fivetran makes of them, `free` the
    next free name (equal to `name` unless that is taken). `pending` is whether a connector of
    that name is being created now.
    """

    name: str
    schema: str
    free: str
    pending: bool = False

    @property
    def taken(self) -> bool:
        """Whether another connector has the name."""
        return self.free != self.name


def typed_name(text: str) -> str:
    """Return a typed text as the name that people see.

    No database takes a NUL, or half a surrogate pair. Raises InvalidName if the text is too long,
    or is not one line of visible characters.
    """
    if len(text) > MAX_TYPED_LENGTH:
        raise InvalidName(f"Type a name of at most {MAX_TYPED_LENGTH} characters.")
    name = text.encode(errors="ignore").decode().replace("\0", "").strip(ENDS)
    if not is_one_line(name):
        raise InvalidName(
            "Type the name as one line of visible characters, "
            "without line breaks, direction marks or other invisible characters."
        )
    return name


def permanent_name(
    service_id: str,
    typed: str,
    existing: Collection[str] = (),
    required: Collection[str] = (),
    rule: NameRule = ANY_NAME,
) -> PermanentName:
    """Return the permanent name for a typed text, given the `schema` values of the group.

    Raises InvalidName if nothing of it is left.
    """
    name = rule.name(typed)
    schema = ".".join([name] * len(fields(service_id, required)))
    return PermanentName(name=name, schema=schema, free=_free(name, typed, existing, rule))


def _free(name: str, typed: str, existing: Collection[str], rule: NameRule) -> str:
    taken = {schema.split(".")[0].lower() for schema in existing}
    candidate, number = name, 2
    while candidate in taken:
        candidate = rule.name(typed, f"_{number}")
        number += 1
    return candidate


def text_of(pattern: str) -> str:
    """Return a part of a pattern in small letters, digits and single underscores."""
    return re.sub(r"[^a-z0-9]+", "_", anyascii(pattern).lower())


def _plain(text: str) -> str:
    """Return the same without underscores at the ends."""
    return text_of(text).strip("_")


def _joined(before: str, name: str, after: str) -> str:
    """Return the parts of a name as one valid name."""
    plain = _plain(f"{before}{name}{after}")
    return f"_{plain}" if plain[0].isdigit() else plain
