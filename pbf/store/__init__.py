"""The database: what must outlive a restart. Nothing here calls Fivetran."""
