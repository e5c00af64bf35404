"""HTTP to Fivetran: the transport, its deadline and its retries."""
