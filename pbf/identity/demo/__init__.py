"""The demo on the embedded sandbox: its people. It is never there with real credentials."""
