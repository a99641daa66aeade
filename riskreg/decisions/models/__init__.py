"""Acceptances, and what somebody owes because of one."""

from riskreg.decisions.models.acceptances import Acceptance, AcceptanceState
from riskreg.decisions.models.obligations import (
    QUESTION_KINDS,
    Obligation,
    ObligationKind,
    ObligationState,
)

__all__ = [
    "QUESTION_KINDS",
    "Acceptance",
    "AcceptanceState",
    "Obligation",
    "ObligationKind",
    "ObligationState",
]
