"""Routes of the account menu: which tenant a person looks at, and in the demo as whom."""
