"""Every write of the room; see the modules."""

from riskreg.decisions.services.acceptances import (
    grant_acceptance,
    refuse_acceptance,
    revoke_acceptance,
    withdraw_acceptance,
)
from riskreg.decisions.services.conditions import close_condition
from riskreg.decisions.services.questions import (
    answer_question,
    ask_about_risk,
    withdraw_question,
)
from riskreg.decisions.services.requests import request_acceptance

__all__ = [
    "answer_question",
    "ask_about_risk",
    "close_condition",
    "grant_acceptance",
    "refuse_acceptance",
    "request_acceptance",
    "revoke_acceptance",
    "withdraw_acceptance",
    "withdraw_question",
]
