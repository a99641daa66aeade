"""Files that go out: lists and reports as their pages show them, and everything at once."""

from django.urls import path

from riskreg.web.controls.pages import ControlList
from riskreg.web.exports.lists import (
    AcceptanceExport,
    DecisionExport,
    DriverExport,
    EmptyImportWorkbook,
    ListExport,
    MeetingExport,
    ReadingExport,
    RiskExport,
)
from riskreg.web.exports.party import PartyExportPage, PartyFile
from riskreg.web.exports.reports import (
    CoverageExport,
    EstimateExport,
    HeatmapExport,
    HistoryExport,
    OneRiskExport,
)
from riskreg.web.exports.simulations import SimulationPicture
from riskreg.web.indicators.listing import IndicatorList
from riskreg.web.mitigations.pages import MitigationList
from riskreg.web.objectives.pages import ObjectiveList

_LISTS = {
    "mitigation": MitigationList, "control": ControlList, "indicator": IndicatorList,
    "objective": ObjectiveList,
}  # fmt: skip

urlpatterns = [
    path("risks/export/", RiskExport.as_view(), name="risk_export"),
    *(
        path(f"{noun}s/export/", ListExport.as_view(name=f"{noun}s", page=page),
             name=f"{noun}_export")
        for noun, page in _LISTS.items()
    ),
    path("readings/export/", ReadingExport.as_view(), name="reading_export"),
    path("meetings/export/", MeetingExport.as_view(), name="meeting_export"),
    path("acceptances/export/", AcceptanceExport.as_view(), name="acceptance_export"),
    path("decisions/export/", DecisionExport.as_view(), name="decision_export"),
    path("drivers/export/", DriverExport.as_view(), name="driver_export"),
    path("heatmap/export/", HeatmapExport.as_view(), name="heatmap_export"),
    path("coverage/export/", CoverageExport.as_view(), name="coverage_export"),
    path("risks/<str:ref>/export/", OneRiskExport.as_view(), name="one_risk_export"),
    path("risks/<str:ref>/history/export/", HistoryExport.as_view(), name="history_export"),
    path("risks/<str:ref>/estimates/export/", EstimateExport.as_view(), name="estimate_export"),
    path(
        "simulations/<uuid:simulation>/pictures/<str:name>/", SimulationPicture.as_view(),
        name="simulation_picture",
    ),
    path("exports/", PartyExportPage.as_view(), name="exports"),
    path("exports/party.zip", PartyFile.as_view(), name="party_file"),
    path("imports/template.xlsx", EmptyImportWorkbook.as_view(), name="import_template"),
]  # fmt: skip
