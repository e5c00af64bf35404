"""Fault injection: lost responses, killed processes, outages of Fivetran, and abuse."""
