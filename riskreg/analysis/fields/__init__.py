"""The fields of estimates, effects, drivers, beliefs, links and objective models."""

from riskreg.analysis.fields.drivers import BELIEF, DRIVER, LINK
from riskreg.analysis.fields.effects import EFFECT
from riskreg.analysis.fields.estimates import ESTIMATE
from riskreg.analysis.fields.objectives import MODEL

__all__ = ["BELIEF", "DRIVER", "EFFECT", "ESTIMATE", "LINK", "MODEL"]
