"""What every part of the sandbox builds on: records, state, clock, HTTP."""
