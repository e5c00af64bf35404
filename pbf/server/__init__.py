"""HTTP and process machinery; nothing about connectors."""
