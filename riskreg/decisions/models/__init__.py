"""Acceptances, decisions, and what somebody owes because of one."""

from riskreg.decisions.models.acceptances import Acceptance, AcceptanceState
from riskreg.decisions.models.decisions import (
    Argument,
    Decider,
    Decision,
    DecisionState,
    Option,
    Revisit,
    Stance,
    Strength,
    Vote,
)
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
    "Argument",
    "Decider",
    "Decision",
    "DecisionState",
    "Obligation",
    "ObligationKind",
    "ObligationState",
    "Option",
    "Revisit",
    "Stance",
    "Strength",
    "Vote",
]
