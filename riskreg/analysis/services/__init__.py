"""Every write of the room; see the modules."""

from riskreg.analysis.services.estimates import record_estimate, release_estimate

__all__ = ["record_estimate", "release_estimate"]
