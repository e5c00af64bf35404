"""Who is asking and what they may do: tenants and their policies. Nothing here asks Fivetran."""
