"""What somebody owes by a day."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.decisions.models.acceptances import Acceptance
from riskreg.decisions.models.decisions import Decision
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Risk
from riskreg.risks.models.translated import Translated


class ObligationKind(models.TextChoices):
    """What is owed; each is a kind of duty."""

    ANSWER = "acceptance.answer", _("an answer to a request for acceptance")
    EXPIRY = "acceptance.expiry", _("what follows an acceptance that ends")
    CONDITION = "acceptance.condition", _("a condition of an acceptance")
    DECISION_ANSWER = "decision.answer", _("an answer to a question that is to be decided")
    DECISION_CONDITION = "decision.condition", _("a condition of a decision")
    DECISION_REVIEW = "decision.review", _("what became of a decision")
    QUESTION = "risk.question", _("an answer to a question")
    REVIEW = "risk.review_asked", _("a review that somebody asked for")


# What is asked about a risk, of whoever answers for it.
QUESTION_KINDS = (ObligationKind.QUESTION, ObligationKind.REVIEW)


class ObligationState(models.TextChoices):
    """How it stands with it. ``proposed``: of a request that nobody has answered yet."""

    PROPOSED = "proposed", _("proposed")
    OPEN = "open", pgettext_lazy("condition", "open")
    MET = "met", _("met")
    WAIVED = "waived", _("waived")
    CANCELLED = "cancelled", _("no longer needed")


class Obligation(Translated, Base, PartyBound):
    """Something that somebody owes by ``due_on``: an answer, a review, a condition, what follows
    the end of an acceptance; a decision, a condition of one, what became of one. One table for
    all, so that lists of duties ask once.

    ``asked_by``: who asked, of what is asked about a risk.

    ``owner`` None: owed by whoever answers for the risk, whoever that is by then. ``risk`` of what
    is owed because of a decision: the one that puts most at stake of those it touches. ``before``:
    a condition that is to be met before the decision is in force. ``words``: how a condition was
    met, why it was waived, or the answer to a question.
    """

    kind = models.CharField(max_length=24, choices=ObligationKind.choices)
    state = models.CharField(max_length=9, choices=ObligationState.choices)
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="obligations")
    acceptance = models.ForeignKey(
        Acceptance, on_delete=models.PROTECT, null=True, related_name="obligations"
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, related_name="obligations"
    )
    before = models.BooleanField(default=False, db_default=False)
    text = models.TextField(blank=True)
    translations = models.JSONField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="owned_obligations",
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_on = models.DateField()
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
            models.CheckConstraint(
                condition=Q(state__in=ObligationState.values), name="obligation_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "due_on"], condition=Q(state="open"), name="obligation_due"
            ),
            models.Index(
                fields=["owner", "due_on"], condition=Q(state="open"), name="obligation_owner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.due_on}"

    def localized(self, field: str) -> str:
        """A text in the reader's language; ``title``: its own text, or that of what it is about."""
        if field != "title":
            return super().localized(field)
        about = self.risk if self.decision is None else self.decision
        return super().localized("text") or about.localized("title")
