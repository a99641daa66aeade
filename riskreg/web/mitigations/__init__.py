"""Pages of mitigations."""

from django.urls import path

from riskreg.web.mitigations.editing import MitigationEdit, MitigationNew
from riskreg.web.mitigations.pages import MitigationDetail, MitigationList, RiskMitigations

urlpatterns = [
    path("mitigations/", MitigationList.as_view(), name="mitigations"),
    path("mitigations/new/", MitigationNew.as_view(), name="mitigation_new"),
    path("mitigations/<str:ref>/", MitigationDetail.as_view(), name="mitigation"),
    path("mitigations/<str:ref>/edit/", MitigationEdit.as_view(), name="mitigation_edit"),
    path("risks/<str:ref>/mitigations/", RiskMitigations.as_view(), name="risk_mitigations"),
]
