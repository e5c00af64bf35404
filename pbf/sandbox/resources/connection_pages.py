"""Pages of connections as JSON text: a connection is written anew only when it has changed."""

from itertools import islice
from typing import TYPE_CHECKING

from pbf.sandbox.core import views
from pbf.sandbox.core.http import dumped
from pbf.sandbox.core.lifecycle import moment
from pbf.sandbox.core.records import Connection, Written

if TYPE_CHECKING:
    from pbf.sandbox.core.world import World


def text(record: Connection, now: float) -> str:
    """Return a connection at a time as JSON.

    The text is kept for as long as the record keeps its face, and its state stays the same.
    """
    face, present, before = views.lasting(record), moment(record, now), record.written
    told = record.tasks or record.warnings
    reported = tuple(record.reported.items())
    state = (present, record.setup_state, record.settings.get("schema_status"), reported)
    if before is not None and before.face is face:
        if before.state == state and not told:
            return before.whole
        lasting = before.lasting
    else:
        lasting = dumped(face)
    whole = f"{lasting[:-1]},{dumped(views.passing(record, present))[1:]}"
    record.written = Written(face, state, lasting, "" if told else whole)
    return whole


def page(
    world: "World", *, skip: int, limit: int, group_id: str | None, schema: str | None
) -> tuple[list[str], bool]:
    """Return one page of connections, each as JSON, and whether more follow."""
    with world.lock:
        found, now = world.found(group_id, schema), world.clock()
        chosen = islice(found, skip, skip + limit)
        return [text(each, now) for each in chosen], len(found) > skip + limit
