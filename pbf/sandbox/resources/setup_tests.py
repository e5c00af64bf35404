"""The setup tests of the imitated connections: their titles and results."""

from typing import Any

from pbf.sandbox.catalogue.services import Service

READS = {
    "google_sheets": "Checking access to the sheet",
    "s3": "Checking access to the bucket",
    "gcs": "Checking access to the bucket",
}
WARNING = "Some of the data cannot be read with these credentials. The rest syncs."
READS_BY_TYPE = {
    "Database": "Checking read permissions",
    "File": "Checking access to the files",
    "Events": "Receiving a test event",
    "Function": "Invoking the function",
    "Log": "Checking access to the log",
}


def titles(service: Service) -> list[str]:
    """Return the titles of a service's setup tests, in the order they run."""
    reads = READS.get(service.id) or READS_BY_TYPE.get(service.type, "Reading a sample of the data")
    return [f"Connecting to {service.name}", "Validating credentials", reads]


def refusal(service: Service) -> str:
    """Return the message for wrong credentials."""
    return f"{service.name} refused these credentials. Check them and try again."


def results(service: Service, *, passed: bool, warned: bool = False) -> list[dict[str, Any]]:
    """Return the results of all setup tests: passed, passed with a warning, or failed."""
    connect, credentials, reads = titles(service)
    if passed:
        tests = [_result(title, "PASSED", "") for title in (connect, credentials, reads)]
        return [*tests[:-1], _result(reads, "WARNING", WARNING)] if warned else tests
    return [
        _result(connect, "PASSED", ""),
        _result(credentials, "FAILED", refusal(service)),
        _result(reads, "SKIPPED", "Not run, because a test before it failed."),
    ]


def _result(title: str, status: str, message: str) -> dict[str, Any]:
    return {"title": title, "status": status, "message": message, "details": {}}
