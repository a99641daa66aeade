"""Acceptances, and what somebody owes because of one."""

from riskreg.decisions.models.acceptances import Acceptance, AcceptanceState
from riskreg.decisions.models.obligations import Obligation, ObligationKind, ObligationState

__all__ = [
    "Acceptance",
    "AcceptanceState",
    "Obligation",
    "ObligationKind",
    "ObligationState",
]
