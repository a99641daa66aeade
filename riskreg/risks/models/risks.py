"""What a risk is."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable
from riskreg.register.source_words import texts_of_sources
from riskreg.register.visibility import PartyBound, Visibility
from riskreg.risks.models.translated import Translated

# Risks of one audience in one register; what makes the refs of another come after them.
REFS_EACH = 10**9


class Kind(models.TextChoices):
    """Whether it would hurt or help."""

    THREAT = "threat", _("threat")
    OPPORTUNITY = "opportunity", _("opportunity")


class State(models.TextChoices):
    """Where a risk is in its life."""

    DRAFT = "draft", _("draft")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class Response(models.TextChoices):
    """What is done about it; which fit depends on the kind (``policy.RESPONSES``)."""

    AVOID = "avoid", _("avoid")
    MITIGATE = "mitigate", _("mitigate")
    TRANSFER = "transfer", _("transfer")
    EXPLOIT = "exploit", _("exploit")
    ENHANCE = "enhance", _("enhance")
    SHARE = "share", _("share")
    ACCEPT = "accept", _("accept")


class Risk(Translated, Searchable, Sortable, Base, PartyBound):
    """Cause → event → consequence, with an owner.

    ``ref`` is unique among what its audience sees: shared risks count R-001 …, a party's own count
    with that party's prefix; ``ref_order`` is its place among them, shared ones first (null: no
    version with this column has written it).
    ``next_review_on`` moves only as invariant I1 allows. ``version`` goes up with every change that
    a reader of the risk can see. ``created_at`` is since when its readers have known it: sharing
    makes it, ``version`` and ``last_reviewed_on`` start anew (``services.sharing``).
    ``draft_due_on``: while it is a draft, the day by which it is to be opened or closed; of other
    risks, or where no version with this column has written the draft, null.
    ``external_id`` is what its party's other systems call it, for that party alone.
    """

    ref = models.CharField(max_length=20)
    ref_order = models.BigIntegerField(null=True)
    title = models.CharField(max_length=200)
    cause = models.TextField(blank=True)
    event = models.TextField(blank=True)
    consequence = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=6, choices=State.choices)
    response = models.CharField(max_length=10, choices=Response.choices, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_risks"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="deputised_risks",
    )
    terms = models.ManyToManyField("register.Term", related_name="risks")
    objectives = models.ManyToManyField("register.Objective", related_name="risks")
    external_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001
    sources = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    translations = models.JSONField(default=dict, blank=True)
    outdated_translations = models.JSONField(null=True, blank=True)
    next_review_on = models.DateField(null=True)
    last_reviewed_on = models.DateField(null=True)
    draft_due_on = models.DateField(null=True)
    # What is at stake by where it stands now (``policy.priority``): ``set_position`` keeps it here
    # for lists of thousands of duties, whose worst are found in an index. It is never empty: a
    # column that may be is added without copying the table.
    priority = models.PositiveIntegerField(null=True, db_default=models.Value(0))
    happened_on = models.DateField(null=True)
    happened_cost = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="risk_ref"),
            models.UniqueConstraint(
                fields=["register", "party", "external_id"],
                condition=Q(external_id__isnull=False),
                name="risk_external_id",
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(next_review_on__isnull=False),
                name="risk_open_has_review",
            ),
            models.CheckConstraint(
                condition=Q(deputy=None) | ~Q(deputy=F("owner")), name="risk_deputy_not_owner"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="risk_state"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="risk_kind"),
        ]
        indexes = [
            # What is due in a register and to whom, and what is at stake: counted, and the worst
            # found, in the index alone.
            models.Index(
                fields=[
                    "register",
                    "state",
                    "next_review_on",
                    "visibility",
                    "party",
                    "kind",
                    "owner",
                    "deputy",
                    "priority",
                ],
                name="risk_due_in_register",
            ),
            models.Index(fields=["next_review_on"], condition=Q(state="open"), name="risk_due_all"),
            models.Index(
                fields=["draft_due_on"], condition=Q(state="draft"), name="risk_draft_due"
            ),
            models.Index(fields=["register", "updated_at"], name="risk_updated"),
            models.Index(
                fields=[
                    "owner",
                    "state",
                    "next_review_on",
                    "register",
                    "visibility",
                    "party",
                    "deputy",
                    "priority",
                    "draft_due_on",
                ],
                name="risk_due_to_owner",
            ),
            models.Index(
                fields=[
                    "deputy",
                    "state",
                    "next_review_on",
                    "register",
                    "visibility",
                    "party",
                    "owner",
                    "priority",
                ],
                condition=Q(deputy__isnull=False),
                name="risk_due_to_deputy",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its own texts in every language, and those of its sources; everybody who sees it finds it
        by them, so what is for its own party alone (``external_id``) is none of them."""
        texts = (self.title, self.cause, self.event, self.consequence)
        return (*texts, self.translations, texts_of_sources(*self.sources))

    def title_or_name_to_sort_by(self, language: str) -> str:
        """Its title."""
        return self.in_language("title", language)

    def set_ref_in_memory(self, ref: str) -> None:
        """Take ``ref``, and the place in lists that goes with it."""
        shared = self.visibility == Visibility.SHARED
        number = int(ref.rpartition("-")[2])
        self.ref, self.ref_order = ref, (0 if shared else self.party_id) * REFS_EACH + number


class RiskAlias(models.Model):
    """What a risk's party keeps of the time when the risk was its own.

    The ``ref`` still leads to the risk, for that party; ``risk_created_at`` is when it was
    recorded.
    """

    register = models.ForeignKey("register.Register", on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey("register.Party", on_delete=models.PROTECT, related_name="+")
    ref = models.CharField(max_length=20)
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="aliases")
    risk_created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "ref"], name="alias_ref")]

    def __str__(self) -> str:
        return self.ref
