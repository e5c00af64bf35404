"""Labels for the fields and choices of services, made from their names."""

import re

from pbf.sandbox.catalogue.data_files import read_data

PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")


def label(name: str) -> str:
    """Return the label of a field or a choice: `sheet_id` is "Sheet ID"."""
    labels = read_data("labels.json")
    if name in labels["whole"]:
        return str(labels["whole"][name])
    if not re.fullmatch(r"[A-Za-z0-9_ -]+", name):
        return name
    words = []
    for piece in re.split(r"[_ -]+", name):
        acronym = labels["acronyms"].get(piece.lower())
        words += [acronym] if acronym else [_word(part) for part in PARTS.findall(piece)]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def choice_label(choice: str, choices: int) -> str:
    """Return the label of a choice out of so many; codes and URLs stay unchanged.

    Long lists contain time zones, currencies and other codes.
    """
    code = choices > 20 or not re.fullmatch(r"[A-Za-z0-9_ ]+", choice)
    if choice not in read_data("labels.json")["whole"] and (
        code or (len(choice) < 4 and choice.islower())
    ):
        return choice if len(choice) <= 80 else choice[:79] + "\u2026"
    return label(choice)


def _word(part: str) -> str:
    acronyms: dict[str, str] = read_data("labels.json")["acronyms"]
    return acronyms.get(part.lower(), part.lower())
