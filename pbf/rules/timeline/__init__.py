"""The sync history: outcomes, entries, and how reports become one; pure, without a clock."""
