"""The rows of the table: what is done to a cluster, and what has to hold meanwhile."""
