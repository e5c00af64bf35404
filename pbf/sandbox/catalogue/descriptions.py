"""Descriptions of the settings of services, one sentence each, by name and by kind."""

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.labels import label


def sentence(name: str, kind: str) -> str:
    """Return the description of a setting with a name and kind."""
    sentences = read_data("descriptions.json")
    if name in sentences["by_name"]:
        return str(sentences["by_name"][name])
    whole = label(name)
    by_end = (text for end, text in sentences["by_end"].items() if name.endswith(end))
    pattern: str = sentences["by_kind"].get(kind) or next(
        by_end, "{whole}, as it is at the source."
    )
    return pattern.format(whole=whole)
