"""Every write of the room; see the modules."""

from riskreg.analysis.services.estimates import record_estimate, release_estimate
from riskreg.analysis.services.simulations import cancel_simulation, request_simulation

__all__ = ["cancel_simulation", "record_estimate", "release_estimate", "request_simulation"]
