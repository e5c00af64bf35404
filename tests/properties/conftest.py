"""The same draws in every run."""

from tests.draws import same_draws_whatever_is_loaded

__all__ = ["same_draws_whatever_is_loaded"]
