"""HTTP to Fivetran: the transport and its retries."""
