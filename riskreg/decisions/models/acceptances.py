"""Sign-offs of risks above appetite."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Risk
from riskreg.risks.models.translated import Translated


class AcceptanceState(models.TextChoices):
    """What was last done with it. Whether one that was granted still holds is worked out whenever
    somebody asks (``policy.acceptances.current_status``)."""

    REQUESTED = "requested", _("asked for")
    GRANTED = "granted", _("granted")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("taken back")
    REVOKED = "revoked", _("revoked")
    SUPERSEDED = "superseded", _("replaced by a later one")


class Acceptance(Translated, Base, PartyBound):
    """A request to live with a risk above appetite until ``expires_on``, and what became of it.

    Rating, cell, criteria and estimates are those of the day on which it was asked
    for, and stay so: an acceptance is of what was known. ``acceptor`` is who was asked, by
    ``answer_by``; ``granted_by`` who said yes. ``first_granted_on``: since when the risk has been
    accepted without a break; an extension is another acceptance (``extension_of`` the one before).
    ``words`` say why it was refused, taken back or revoked.
    """

    ref = models.CharField(max_length=20)
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="acceptances")
    state = models.CharField(max_length=10, choices=AcceptanceState.choices)
    criteria = models.ForeignKey("register.Criteria", on_delete=models.PROTECT, related_name="+")
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    score = models.PositiveIntegerField()
    rating = models.CharField(max_length=30)
    # Public ids of the estimates that stood then: these never change, and what they say is shown to
    # whom it is shown to anyway.
    estimates = models.JSONField(default=list, blank=True)
    reason = models.TextField()
    translations = models.JSONField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    acceptor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    answer_by = models.DateField()
    expires_on = models.DateField()
    extension_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="extensions"
    )
    starts_on = models.DateField(null=True)
    first_granted_on = models.DateField(null=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    granted_at = models.DateTimeField(null=True)
    grant_words = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="acceptance_ref"),
            models.UniqueConstraint(
                fields=["risk", "visibility"],
                condition=Q(state="requested"),
                name="acceptance_one_request",
            ),
            models.UniqueConstraint(
                fields=["risk", "visibility"],
                condition=Q(state="granted"),
                name="acceptance_one_granted",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AcceptanceState.values), name="acceptance_state"
            ),
            models.CheckConstraint(
                condition=Q(granted_by=None, starts_on=None, first_granted_on=None)
                | Q(
                    granted_by__isnull=False,
                    starts_on__isnull=False,
                    first_granted_on__lte=F("starts_on"),
                ),
                name="acceptance_granted",
            ),
            # Four eyes: who asks does not answer.
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("requested_by")),
                name="acceptance_four_eyes",
            ),
        ]
        indexes = [
            models.Index(fields=["risk", "state", "expires_on"], name="acceptance_risk"),
            models.Index(fields=["register", "state", "expires_on"], name="acceptance_state_end"),
            models.Index(fields=["register", "-at", "-id"], name="acceptance_at"),
        ]

    def __str__(self) -> str:
        return self.ref

    def localized(self, field: str) -> str:
        """A text in the reader's language; ``title``: that of its risk."""
        return str(self.risk.localized(field)) if field == "title" else super().localized(field)
