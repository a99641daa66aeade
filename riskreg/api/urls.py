"""Addresses of the API, below /api/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from riskreg.api import (
    assessments,
    changes,
    criteria,
    documentation,
    errors,
    heatmap,
    history,
    indicators,
    me,
    mitigations,
    objectives,
    registers,
    reviews,
    risks,
)

app_name = "api"

_RISK = [
    path("", risks.RiskDetail.as_view(), name="risk"),
    path("open/", risks.RiskOpen.as_view(), name="risk_open"),
    path("close/", risks.RiskClose.as_view(), name="risk_close"),
    path("reopen/", risks.RiskReopen.as_view(), name="risk_reopen"),
    path("transfer/", risks.RiskTransfer.as_view(), name="risk_transfer"),
    path("share/", risks.RiskShare.as_view(), name="risk_share"),
    path("assessments/", assessments.Assessments.as_view(), name="assessments"),
    path("reviews/", reviews.Reviews.as_view(), name="reviews"),
    path("history/", history.History.as_view(), name="history"),
]
_REGISTER: list[URLPattern | URLResolver] = [
    path("", registers.RegisterDetail.as_view(), name="register"),
    path("criteria/", criteria.CriteriaDetail.as_view(), name="criteria"),
    path("risks/", risks.Risks.as_view(), name="risks"),
    path("risks/<str:ref>/", include(_RISK)),
    path("mitigations/", mitigations.Mitigations.as_view(), name="mitigations"),
    path("mitigations/<str:ref>/", mitigations.MitigationDetail.as_view(), name="mitigation"),
    path("indicators/", indicators.Indicators.as_view(), name="indicators"),
    path("indicators/<str:ref>/", indicators.IndicatorDetail.as_view(), name="indicator"),
    path("indicators/<str:ref>/readings/", indicators.Readings.as_view(), name="readings"),
    path("objectives/", objectives.Objectives.as_view(), name="objectives"),
    path("heatmap/", heatmap.HeatmapDetail.as_view(), name="heatmap"),
    path("changes/", changes.Changes.as_view(), name="changes"),
]
urlpatterns = [
    path("v1/registers/", registers.Registers.as_view(), name="registers"),
    path("v1/registers/<slug:slug>/", include(_REGISTER)),
    path("v1/me/", me.Me.as_view(), name="me"),
    path("schema/", documentation.schema, name="schema"),
    path("docs/", documentation.Docs.as_view(), name="docs"),
    re_path(r"^(?P<rest>.*)$", errors.unknown_route, name="unknown"),
]
