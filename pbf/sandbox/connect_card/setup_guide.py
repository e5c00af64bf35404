"""The short guide beside a Connect Card: what to prepare for which kind of service."""

from pbf.sandbox.catalogue.services import Service

DATABASE = (
    ("Create a user that may only read", "Grant it SELECT on the tables you want to sync."),
    ("Open the way in", "Allow connections to the port, directly or through an SSH tunnel."),
    ("Enter host and sign-in", "Sign in as the user from the first step."),
)
FILES = (
    ("Find where the files are", "Note the bucket or folder, and how the files are named."),
    ("Allow reading", "Give an access key or role that may list and read there, nothing more."),
    ("Choose the files", "A pattern leaves out what you do not want to sync."),
)
CONSENT = (
    ("Sign in with the right account", "Use an account that can see the data you want to sync."),
    ("Authorise access", "The service asks for your consent. Access is for reading."),
    ("Choose what to sync", "Fill in the settings below the button, if there are any."),
)
KEYS = (
    ("Open the service's settings", "Look for a section named API, developers or integrations."),
    ("Create a key", "Give it reading rights. Name it so that you recognise it later."),
    ("Paste it here", "The key is not shown again, neither here nor in your dashboard."),
)
LAST = ("Save and test", "The connection is tried at once. If a test fails, correct and try again.")


def steps(service: Service) -> list[tuple[str, str]]:
    """Return the steps of a service's guide: a heading and a sentence each."""
    if service.type == "Database":
        chosen = DATABASE
    elif service.auth or not service.fields:
        chosen = CONSENT
    else:
        chosen = FILES if service.type == "File" else KEYS
    return [*chosen, LAST]
