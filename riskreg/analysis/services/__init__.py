"""Every write of the room; see the modules."""

from riskreg.analysis.services.drivers import (
    add_driver,
    end_belief,
    end_link,
    link_driver,
    record_belief,
    set_indicator_of_driver,
)
from riskreg.analysis.services.effects import record_effect, release_effect
from riskreg.analysis.services.estimates import record_estimate, release_estimate
from riskreg.analysis.services.objectives import model_objective
from riskreg.analysis.services.simulations import (
    RequestedRun,
    cancel_simulation,
    request_simulation,
)

__all__ = [
    "RequestedRun",
    "add_driver",
    "cancel_simulation",
    "end_belief",
    "end_link",
    "link_driver",
    "model_objective",
    "record_belief",
    "record_effect",
    "record_estimate",
    "release_effect",
    "release_estimate",
    "request_simulation",
    "set_indicator_of_driver",
]
