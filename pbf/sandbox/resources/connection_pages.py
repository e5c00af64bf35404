"""Pages of connections as JSON text; a connection is serialized again only when it changed."""

from pbf.sandbox.core import views
from pbf.sandbox.core.http import to_json
from pbf.sandbox.core.lifecycle import state_at
from pbf.sandbox.core.records import Connection, SerializedConnection


def text(record: Connection, now: float) -> str:
    """Return a connection at a time as JSON.

    The text is reused while the record's static fields and its state stay the same.
    """
    fields, state, previous = views.static_fields(record), state_at(record, now), record.serialized
    has_issues = record.tasks or record.warnings
    reported = tuple(record.reported.items())
    key = (state, record.setup_state, record.settings.get("schema_status"), reported)
    if previous is not None and previous.fields is fields:
        if previous.state == key and not has_issues:
            return previous.text
        fields_text = previous.fields_text
    else:
        fields_text = to_json(fields)
    whole = f"{fields_text[:-1]},{to_json(views.dynamic_fields(record, state))[1:]}"
    record.serialized = SerializedConnection(fields, key, fields_text, "" if has_issues else whole)
    return whole
