"""The fields of each noun of the room; see the modules."""

from riskreg.decisions.fields.acceptances import ACCEPTANCE
from riskreg.decisions.fields.decisions import DECISION

__all__ = ["ACCEPTANCE", "DECISION"]
