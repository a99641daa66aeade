"""What experts believe, what several risks share, and the runs made of it."""

from riskreg.analysis.models.drivers import Belief, Driver, DriverLink, Family, Form, LinkOn
from riskreg.analysis.models.estimates import (
    Estimate,
    EstimateStage,
    FrequencyKind,
    SeverityFamily,
    Simulation,
)

__all__ = [
    "Belief",
    "Driver",
    "DriverLink",
    "Estimate",
    "EstimateStage",
    "Family",
    "Form",
    "FrequencyKind",
    "LinkOn",
    "SeverityFamily",
    "Simulation",
]
