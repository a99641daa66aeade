"""Addresses of the API, below /api/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from riskreg.api import (
    absences,
    assessments,
    axes,
    changes,
    closing,
    controls,
    coverage,
    criteria,
    duties,
    estimates,
    extensions,
    handovers,
    heatmap,
    history,
    indicators,
    invitations,
    ladder,
    me,
    meetings,
    members,
    mitigations,
    objectives,
    programs,
    registers,
    reviews,
    risks,
    search,
    terms,
    webhooks,
)
from riskreg.api.core import documentation, errors

app_name = "api"

_RISK = [
    path("", risks.RiskDetail.as_view(), name="risk"),
    path("open/", risks.RiskOpen.as_view(), name="risk_open"),
    path("close/", closing.RiskClose.as_view(), name="risk_close"),
    path("reopen/", closing.RiskReopen.as_view(), name="risk_reopen"),
    path("transfer/", risks.RiskTransfer.as_view(), name="risk_transfer"),
    path("share/", risks.RiskShare.as_view(), name="risk_share"),
    path("assessments/", assessments.Assessments.as_view(), name="assessments"),
    path("reviews/", reviews.Reviews.as_view(), name="reviews"),
    path("extensions/", extensions.Extensions.as_view(), name="extensions"),
    path("history/", history.History.as_view(), name="history"),
    path("estimates/", estimates.Estimates.as_view(), name="estimates"),
]
_MEETING = [
    path("", meetings.MeetingDetail.as_view(), name="meeting"),
    path("items/<int:number>/", meetings.MeetingItems.as_view(), name="meeting_item"),
    path("attendance/", meetings.MeetingAttendance.as_view(), name="meeting_attendance"),
    path("chair/", meetings.MeetingChair.as_view(), name="meeting_chair"),
    path("end/", meetings.MeetingEnd.as_view(), name="meeting_end"),
]
_INVITATIONS = [
    path("", invitations.Invitations.as_view(), name="invitations"),
    path("bulk/", invitations.InvitationsBulk.as_view(), name="invitations_bulk"),
    path("<uuid:invitation>/", invitations.InvitationDetail.as_view(), name="invitation"),
    path(
        "<uuid:invitation>/resend/",
        invitations.InvitationResend.as_view(),
        name="invitation_resend",
    ),
    path(
        "<uuid:invitation>/revoke/",
        invitations.InvitationRevoke.as_view(),
        name="invitation_revoke",
    ),
]
_PROGRAMS = [
    path("", programs.Programs.as_view(), name="programs"),
    path("<uuid:program>/tokens/", programs.ProgramTokens.as_view(), name="program_tokens"),
    path(
        "<uuid:program>/tokens/<uuid:token>/end/",
        programs.ProgramTokenEnd.as_view(),
        name="program_token_end",
    ),
]
_REGISTER: list[URLPattern | URLResolver] = [
    path("", registers.RegisterDetail.as_view(), name="register"),
    path("axes/", axes.AxesDetail.as_view(), name="axes"),
    path("criteria/", criteria.CriteriaDetail.as_view(), name="criteria"),
    path("criteria/preview/", criteria.CriteriaPreview.as_view(), name="criteria_preview"),
    path("risks/", risks.Risks.as_view(), name="risks"),
    path("risks/<str:ref>/", include(_RISK)),
    path("mitigations/", mitigations.Mitigations.as_view(), name="mitigations"),
    path("mitigations/<str:ref>/", mitigations.MitigationDetail.as_view(), name="mitigation"),
    path("controls/", controls.Controls.as_view(), name="controls"),
    path("controls/<uuid:control>/", controls.ControlDetail.as_view(), name="control"),
    path("controls/<uuid:control>/test/", controls.ControlTest.as_view(), name="control_test"),
    path("controls/<uuid:control>/end/", controls.ControlEnd.as_view(), name="control_end"),
    path("indicators/", indicators.Indicators.as_view(), name="indicators"),
    path("indicators/<str:ref>/", indicators.IndicatorDetail.as_view(), name="indicator"),
    path("indicators/<str:ref>/readings/", indicators.Readings.as_view(), name="readings"),
    path("ladder/", ladder.LadderDetail.as_view(), name="ladder"),
    path("ladder/preview/", ladder.LadderPreview.as_view(), name="ladder_preview"),
    path("objectives/", objectives.Objectives.as_view(), name="objectives"),
    path("objectives/<str:key>/", objectives.ObjectiveDetail.as_view(), name="objective"),
    path("taxonomies/", terms.Taxonomies.as_view(), name="taxonomies"),
    path("taxonomies/<str:key>/", terms.TaxonomyDetail.as_view(), name="taxonomy"),
    path("terms/", terms.Terms.as_view(), name="terms"),
    path("terms/<str:ref>/", terms.TermDetail.as_view(), name="term"),
    path("terms/<str:ref>/merge/", terms.TermMerge.as_view(), name="term_merge"),
    path("heatmap/", heatmap.HeatmapDetail.as_view(), name="heatmap"),
    path("search/", search.Search.as_view(), name="search"),
    path("duties/", duties.Duties.as_view(), name="duties"),
    path(
        "estimates/<uuid:estimate>/release/",
        estimates.EstimateRelease.as_view(),
        name="estimate_release",
    ),
    path("absences/", absences.Absences.as_view(), name="absences"),
    path("absences/<uuid:absence>/end/", absences.AbsenceEnd.as_view(), name="absence_end"),
    path("members/", members.Members.as_view(), name="members"),
    path("members/<uuid:member>/", members.MemberDetail.as_view(), name="member"),
    path("members/<uuid:member>/end/", members.MemberEnd.as_view(), name="member_end"),
    path("invitations/", include(_INVITATIONS)),
    path("programs/", include(_PROGRAMS)),
    path("handovers/", handovers.HandOvers.as_view(), name="handovers"),
    path("meetings/", meetings.Meetings.as_view(), name="meetings"),
    path("meetings/<uuid:meeting>/", include(_MEETING)),
    path("coverage/", coverage.Coverage.as_view(), name="coverage"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:webhook>/", webhooks.WebhookDetail.as_view(), name="webhook"),
    path(
        "webhooks/<uuid:webhook>/rotate/", webhooks.WebhookRotate.as_view(), name="webhook_rotate"
    ),
    path("webhooks/<uuid:webhook>/test/", webhooks.WebhookTest.as_view(), name="webhook_test"),
    path("changes/", changes.Changes.as_view(), name="changes"),
]
urlpatterns = [
    path("v1/registers/", registers.Registers.as_view(), name="registers"),
    path("v1/registers/<slug:slug>/", include(_REGISTER)),
    path(
        "v1/invitations/accept/",
        invitations.InvitationAccept.as_view(),
        name="invitation_accept",
    ),
    path("v1/me/", me.Me.as_view(), name="me"),
    path("schema/", documentation.schema, name="schema"),
    path("docs/", documentation.Docs.as_view(), name="docs"),
    re_path(r"^(?P<rest>.*)$", errors.unknown_route, name="unknown"),
]
