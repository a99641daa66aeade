"""Every write of the room; see the modules."""

from riskreg.analysis.services.drivers import (
    add_driver,
    end_belief,
    end_link,
    feed_driver,
    link_driver,
    record_belief,
)
from riskreg.analysis.services.effects import record_effect, release_effect
from riskreg.analysis.services.estimates import record_estimate, release_estimate
from riskreg.analysis.services.objectives import model_objective
from riskreg.analysis.services.simulations import cancel_simulation, request_simulation

__all__ = [
    "add_driver",
    "cancel_simulation",
    "end_belief",
    "end_link",
    "feed_driver",
    "link_driver",
    "model_objective",
    "record_belief",
    "record_effect",
    "record_estimate",
    "release_effect",
    "release_estimate",
    "request_simulation",
]
