"""What must outlive a restart, in SQL; no call to Fivetran."""
