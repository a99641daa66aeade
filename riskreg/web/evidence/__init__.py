"""Evidence: attaching a file to a thing, what is known of it, saving, releasing, withdrawing it."""

from django.urls import path

from riskreg.web.evidence.pages import (
    EvidenceFile,
    EvidenceNew,
    EvidencePage,
    EvidenceRelease,
    EvidenceWithdrawAndDeleteFile,
)

urlpatterns = [
    path("evidence/new/<str:kind>/<str:name>/", EvidenceNew.as_view(), name="evidence_new"),
    path("evidence/<uuid:evidence>/", EvidencePage.as_view(), name="evidence"),
    path("evidence/<uuid:evidence>/file/", EvidenceFile.as_view(), name="evidence_file"),
    path(
        "evidence/<uuid:evidence>/withdraw/",
        EvidenceWithdrawAndDeleteFile.as_view(),
        name="evidence_withdraw",
    ),
    path("evidence/<uuid:evidence>/release/", EvidenceRelease.as_view(), name="evidence_release"),
]
