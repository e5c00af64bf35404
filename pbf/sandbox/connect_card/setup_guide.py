"""The short guide beside a Connect Card: what to prepare for each kind of service."""

from pbf.sandbox.catalogue.services import Service

DATABASE = (
    ("Create a read-only user", "Grant it SELECT on the tables you want to sync."),
    ("Open the firewall", "Allow connections to the port, directly or through an SSH tunnel."),
    ("Enter host and credentials", "Use the user from the first step."),
)
FILES = (
    ("Find the files", "You need the bucket or folder and the names of the files."),
    ("Allow reading", "Create an access key or role that may only list and read them."),
    ("Choose the files", "A pattern excludes files that you do not want to sync."),
)
CONSENT = (
    ("Sign in with the right account", "Use an account that can see the data you want to sync."),
    ("Authorise access", "The service asks for your consent. Access is read-only."),
    ("Choose what to sync", "Fill in the settings below the button, if there are any."),
)
KEYS = (
    ("Open the service's settings", "Look for a section named API, developers or integrations."),
    ("Create a key", "Give it read access and a name that you will recognise later."),
    ("Paste it here", "The key is not shown again, neither here nor in your dashboard."),
)
LAST = ("Save and test", "The tests run at once. If one fails, correct the values and try again.")


def steps(service: Service) -> list[tuple[str, str]]:
    """Return the steps of a service's guide: a heading and a sentence each."""
    if service.type == "Database":
        guide = DATABASE
    elif service.auth or not service.fields:
        guide = CONSENT
    else:
        guide = FILES if service.type == "File" else KEYS
    return [*guide, LAST]
