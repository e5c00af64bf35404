"""Control of a world from outside the imitated API: faults, clock, seeds."""
