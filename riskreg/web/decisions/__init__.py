"""Pages of decisions: the list, one of them, its draft and options, deciding it, its record."""

from django.urls import path

from riskreg.web.decisions.acts import (
    Close,
    CloseDecisionCondition,
    Lapse,
    Propose,
    Reject,
    ReleaseArgument,
    Retract,
    Revisit,
    SayArgument,
    Vote,
    Weigh,
)
from riskreg.web.decisions.deciding import DecidePage
from riskreg.web.decisions.editing import DecisionEdit, DecisionNew
from riskreg.web.decisions.options import OptionEdit, OptionNew, OptionRemove
from riskreg.web.decisions.pages import (
    DecisionList,
    DecisionPage,
    DecisionRecord,
    DecisionRecordFile,
)

_ONE = "decisions/<str:ref>/"
urlpatterns = [
    path("decisions/", DecisionList.as_view(), name="decisions"),
    path("decisions/new/", DecisionNew.as_view(), name="decision_new"),
    path(_ONE, DecisionPage.as_view(), name="decision"),
    path(f"{_ONE}edit/", DecisionEdit.as_view(), name="decision_edit"),
    path(f"{_ONE}options/new/", OptionNew.as_view(), name="option_new"),
    path(f"{_ONE}options/<str:key>/", OptionEdit.as_view(), name="option"),
    path(f"{_ONE}options/<str:key>/remove/", OptionRemove.as_view(), name="option_remove"),
    path(f"{_ONE}arguments/", SayArgument.as_view(), name="argument_new"),
    path(
        f"{_ONE}arguments/<uuid:argument>/release/",
        ReleaseArgument.as_view(),
        name="argument_release",
    ),
    path(f"{_ONE}weigh/", Weigh.as_view(), name="decision_weigh"),
    path(f"{_ONE}propose/", Propose.as_view(), name="decision_propose"),
    path(f"{_ONE}retract/", Retract.as_view(), name="decision_retract"),
    path(f"{_ONE}decide/", DecidePage.as_view(), name="decision_decide"),
    path(f"{_ONE}vote/", Vote.as_view(), name="decision_vote"),
    path(f"{_ONE}reject/", Reject.as_view(), name="decision_reject"),
    path(f"{_ONE}lapse/", Lapse.as_view(), name="decision_lapse"),
    path(f"{_ONE}revisit/", Revisit.as_view(), name="decision_revisit"),
    path(f"{_ONE}close/", Close.as_view(), name="decision_close"),
    path(
        f"{_ONE}conditions/<uuid:condition>/",
        CloseDecisionCondition.as_view(),
        name="decision_condition",
    ),
    path(f"{_ONE}record/", DecisionRecord.as_view(), name="decision_record"),
    path(f"{_ONE}record/file/", DecisionRecordFile.as_view(), name="decision_record_file"),
]
