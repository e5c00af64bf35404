"""The short guide beside a Connect Card: what to prepare for each kind of service."""

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.services import Service


def steps(service: Service) -> list[tuple[str, str]]:
    """Return the steps of a service's guide: a heading and a sentence each."""
    guides = read_data("setup_guides.json")
    if service.type == "Database":
        guide = guides["database"]
    elif service.auth or not service.fields:
        guide = guides["consent"]
    else:
        guide = guides["files" if service.type == "File" else "keys"]
    return [*guide, *guides["last"]]
