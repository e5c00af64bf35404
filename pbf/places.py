"""Where what is served beside the pages lies."""

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
