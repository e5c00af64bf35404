"""The sync history on the screens: a connector's syncs, the overview's, and what was seen."""
