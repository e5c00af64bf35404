"""Pure decisions about connectors, without I/O and without a clock."""
