"""The JSON API that proxy.create_app assembles; no decision about connectors."""
