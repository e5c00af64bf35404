"""What every part of the sandbox stands on: records, clock, HTTP."""
