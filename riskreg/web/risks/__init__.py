"""Risks as pages: the list, one risk, making and changing it, its life."""

from django.urls import path

from riskreg.web.risks.actions import (
    AssessRisk,
    CloneRisk,
    OpenRisk,
    ShareRisk,
    TransferRisk,
)
from riskreg.web.risks.detail import RiskPage
from riskreg.web.risks.editing import EditRisk, NewRisk
from riskreg.web.risks.ending import CloseRisk, ReopenRisk
from riskreg.web.risks.extend import ExtendReview
from riskreg.web.risks.listing import RiskList

urlpatterns = [
    path("risks/", RiskList.as_view(), name="risks"),
    path("risks/new/", NewRisk.as_view(), name="risk_new"),
    path("risks/<str:ref>/", RiskPage.as_view(), name="risk"),
    path("risks/<str:ref>/edit/", EditRisk.as_view(), name="risk_edit"),
    path("risks/<str:ref>/assess/", AssessRisk.as_view(), name="risk_assess"),
    path("risks/<str:ref>/open/", OpenRisk.as_view(), name="risk_open"),
    path("risks/<str:ref>/close/", CloseRisk.as_view(), name="risk_close"),
    path("risks/<str:ref>/reopen/", ReopenRisk.as_view(), name="risk_reopen"),
    path("risks/<str:ref>/transfer/", TransferRisk.as_view(), name="risk_transfer"),
    path("risks/<str:ref>/extend/", ExtendReview.as_view(), name="risk_extend"),
    path("risks/<str:ref>/clone/", CloneRisk.as_view(), name="risk_clone"),
    path("risks/<str:ref>/share/", ShareRisk.as_view(), name="risk_share"),
]
