"""Pure decisions about connectors: no I/O and no clock of their own."""
