"""Every change to risks. Each function is one operation: one transaction, at least one event."""

from riskreg.risks.services.assessments import record_assessment
from riskreg.risks.services.cadence import set_cadence
from riskreg.risks.services.cloning import (
    MOST_AT_ONCE,
    Copied,
    clone_risk,
    copy_open_risks_from_register,
    invalid_no_such_register,
)
from riskreg.risks.services.control_tests import record_test
from riskreg.risks.services.controls import add_control, edit_control, end_control
from riskreg.risks.services.criteria import publish_criteria
from riskreg.risks.services.endings import ENDING, ClosedAs, clean_ending
from riskreg.risks.services.lifecycle import close_risk, open_risk, reopen_risk
from riskreg.risks.services.many import NewRisk, create_risks_together_where_possible
from riskreg.risks.services.mitigations import (
    cancel_mitigation_as_risk_closes,
    create_mitigation,
    edit_mitigation,
    transfer_mitigation,
)
from riskreg.risks.services.relations import end_relation, relate_risks
from riskreg.risks.services.risks import create_risk, edit_risk, transfer_risk
from riskreg.risks.services.scale import start_with_scale
from riskreg.risks.services.sharing import share_risk
from riskreg.risks.services.terms import merge_terms

__all__ = [
    "ENDING",
    "MOST_AT_ONCE",
    "ClosedAs",
    "Copied",
    "NewRisk",
    "add_control",
    "cancel_mitigation_as_risk_closes",
    "clean_ending",
    "clone_risk",
    "close_risk",
    "copy_open_risks_from_register",
    "create_mitigation",
    "create_risk",
    "create_risks_together_where_possible",
    "edit_control",
    "edit_mitigation",
    "edit_risk",
    "end_control",
    "end_relation",
    "invalid_no_such_register",
    "merge_terms",
    "open_risk",
    "publish_criteria",
    "record_assessment",
    "record_test",
    "relate_risks",
    "reopen_risk",
    "set_cadence",
    "share_risk",
    "start_with_scale",
    "transfer_mitigation",
    "transfer_risk",
]
