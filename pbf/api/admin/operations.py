"""The error codes of the admin routes."""

from pbf.api.openapi.operations import OF_TENANT, READS_BODY

READS = OF_TENANT | {"forbidden", "store_unavailable"}
REMOVES = READS | {"foreign_origin", "not_json", "unknown_item"}
CHANGES = READS | READS_BODY | {"foreign_origin", "not_json"}
ASKS_FIVETRAN = {
    *("rate_limited", "fivetran_bad_answer", "fivetran_failed", "fivetran_refused"),
    *("fivetran_timeout", "fivetran_unreachable"),
}
