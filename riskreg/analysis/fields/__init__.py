"""The fields of estimates, drivers, beliefs and links."""

from riskreg.analysis.fields.drivers import BELIEF, DRIVER, LINK
from riskreg.analysis.fields.estimates import ESTIMATE

__all__ = ["BELIEF", "DRIVER", "ESTIMATE", "LINK"]
