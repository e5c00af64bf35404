"""The JSON API that proxy.create_app assembles; decisions about connectors belong elsewhere."""
