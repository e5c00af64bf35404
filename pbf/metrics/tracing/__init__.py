"""Traces for OpenTelemetry, if an address to send them to is set; nothing is imported before."""
