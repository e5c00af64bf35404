"""The error codes of the admin routes."""

from pbf.api.openapi.operations import ANY_CHANGE, OF_TENANT, READS_BODY

READS = OF_TENANT | {"forbidden", "store_unavailable"}
REMOVES = READS | ANY_CHANGE | {"unknown_item"}
CHANGES = READS | ANY_CHANGE | READS_BODY
