"""What experts believe, what several risks share, and the runs made of it."""

from riskreg.analysis.models.drivers import Belief, Driver, DriverLink, Family, Form, LinkOn
from riskreg.analysis.models.effects import Effect
from riskreg.analysis.models.estimates import (
    Estimate,
    EstimateStage,
    FrequencyKind,
    SeverityFamily,
    Simulation,
)
from riskreg.analysis.models.objectives import Direction, ObjectiveModel, Pace

__all__ = [
    "Belief",
    "Direction",
    "Driver",
    "DriverLink",
    "Effect",
    "Estimate",
    "EstimateStage",
    "Family",
    "Form",
    "FrequencyKind",
    "LinkOn",
    "ObjectiveModel",
    "Pace",
    "SeverityFamily",
    "Simulation",
]
