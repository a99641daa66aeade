"""Every write of the room; see the modules."""

from riskreg.decisions.services.acceptances import (
    grant_acceptance,
    refuse_acceptance,
    revoke_acceptance,
    withdraw_acceptance,
)
from riskreg.decisions.services.conditions import close_acceptance_condition
from riskreg.decisions.services.deciding import (
    decide,
    lapse_decision,
    propose_decision,
    reject_decision,
    retract_decision,
    vote_on_decision,
)
from riskreg.decisions.services.drafts import create_decision, edit_decision
from riskreg.decisions.services.leaving import reopen_lost_votes_of_user
from riskreg.decisions.services.options import (
    add_argument,
    add_option,
    edit_option,
    release_argument,
    remove_option,
)
from riskreg.decisions.services.outcomes import (
    close_decision_condition,
    close_revisited_decision,
    revisit_decision,
)
from riskreg.decisions.services.questions import (
    answer_question,
    ask_about_risk,
    withdraw_question,
)
from riskreg.decisions.services.requests import request_acceptance
from riskreg.decisions.services.weighing import weigh_decision

__all__ = [
    "add_argument",
    "add_option",
    "answer_question",
    "ask_about_risk",
    "close_acceptance_condition",
    "close_decision_condition",
    "close_revisited_decision",
    "create_decision",
    "decide",
    "edit_decision",
    "edit_option",
    "grant_acceptance",
    "lapse_decision",
    "propose_decision",
    "refuse_acceptance",
    "reject_decision",
    "release_argument",
    "remove_option",
    "reopen_lost_votes_of_user",
    "request_acceptance",
    "retract_decision",
    "revisit_decision",
    "revoke_acceptance",
    "vote_on_decision",
    "weigh_decision",
    "withdraw_acceptance",
    "withdraw_question",
]
