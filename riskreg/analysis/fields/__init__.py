"""The fields of estimates, drivers, beliefs, links and objective models."""

from riskreg.analysis.fields.drivers import BELIEF, DRIVER, LINK
from riskreg.analysis.fields.estimates import ESTIMATE
from riskreg.analysis.fields.objectives import MODEL

__all__ = ["BELIEF", "DRIVER", "ESTIMATE", "LINK", "MODEL"]
