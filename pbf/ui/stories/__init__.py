"""The page Stories; the line that every page shows while one is played is part of `account`."""
