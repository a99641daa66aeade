"""Risks: what they are, how they were judged, where they stood, what is done about them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable
from riskreg.register.visibility import PartyBound, Visibility

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


class Stage(models.TextChoices):
    """What an assessment takes into account."""

    INHERENT = "inherent", _("inherent")
    RESIDUAL = "residual", _("residual")
    TARGET = "target", _("target")


class Translated:
    """Texts with versions in other languages (``translations``: {language: {field: text}}).

    The field itself is the original. A version whose original has changed since stays, and is noted
    in ``outdated_translations`` ({language: [field]}, None for none) where texts can change at all.
    """

    translations: dict[str, dict[str, str]]
    outdated_translations: dict[str, list[str]] | None

    def said(self, field: str) -> str:
        """The text of ``field`` in the reader's language where there is one."""
        return self.in_language(field, get_language() or "")

    def in_language(self, field: str, language: str) -> str:
        """The text of ``field`` that a reader of ``language`` is shown."""
        return self.translations.get(language, {}).get(field) or getattr(self, field)

    def together(self, *fields: str) -> dict[str, str]:
        """Texts that are read as one, all of them in one language: the reader's, where every one
        of them has a version in it, else the originals."""
        version = self.translations.get(get_language() or "", {})
        if all(version.get(field) for field in fields if getattr(self, field)):
            return {field: version.get(field) or "" for field in fields}
        return {field: getattr(self, field) for field in fields}

    def outdated(self, *fields: str) -> list[str]:
        """Those of ``fields`` that the reader is shown in a version older than the original."""
        language = get_language() or ""
        stale = (getattr(self, "outdated_translations", None) or {}).get(language, ())
        version = self.translations.get(language, {})
        return [field for field in fields if field in stale and version.get(field)]


class Risk(Translated, Searchable, Sortable, Base, PartyBound):
    """Cause → event → consequence, with an owner.

    ``ref`` is unique among what its audience sees: shared risks count R-001 …, a party's own count
    with that party's prefix; ``ref_order`` is its place among them, shared ones first (null: no
    version with this column has written it).
    ``next_review_on`` moves only as invariant I1 allows. ``version`` goes up with every change that
    a reader of the risk can see. ``created_at`` is since when its readers have known it: sharing
    makes it, ``version`` and ``last_reviewed_on`` start anew (``services.sharing``).
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
            models.Index(
                fields=["register", "next_review_on"], condition=Q(state="open"), name="risk_due"
            ),
            models.Index(fields=["next_review_on"], condition=Q(state="open"), name="risk_due_all"),
            models.Index(fields=["register", "updated_at"], name="risk_updated"),
            models.Index(fields=["owner", "state", "next_review_on"], name="risk_owner_due"),
            models.Index(fields=["deputy", "state", "next_review_on"], name="risk_deputy_due"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def searchable(self) -> tuple[Any, ...]:
        """Its own texts in every language, and those of its sources; everybody who sees it finds it
        by them, so what is for its own party alone (``external_id``) is none of them."""
        texts = (self.title, self.cause, self.event, self.consequence)
        return (*texts, self.translations, self.sources)

    def sorted_by(self, language: str) -> str:
        """Its title."""
        return self.in_language("title", language)

    def set_ref(self, ref: str) -> None:
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


class Assessment(Translated, Searchable, Base, PartyBound):
    """One person's recorded judgement of a risk at one stage. Append-only.

    ``at`` is when it was judged, ``created_at`` when it was recorded. It belongs to the audience
    that the risk had then: what was judged in private stays so when the risk is shared.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="assessments")
    criteria = models.ForeignKey("register.Criteria", on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    score = models.PositiveIntegerField()
    rating = models.CharField(max_length=30)
    rationale = models.TextField(blank=True)
    translations = models.JSONField(default=dict, blank=True)
    label = models.CharField(max_length=12, default="judgement")
    assessor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    brought_in = models.BooleanField(default=False)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="assessment_stage"),
        ]
        indexes = [models.Index(fields=["risk", "-at", "-id"], name="assessment_risk_at")]

    def __str__(self) -> str:
        return f"{self.stage} {self.likelihood}×{self.impact}"

    def searchable(self) -> tuple[Any, ...]:
        """Why it was judged so."""
        return (self.rationale, self.translations)


class Position(PartyBound):
    """Where a risk stood during ``[valid_from, valid_to)``; ``valid_to`` None is now (I5).

    The heatmap, of today or of any past day, reads only this table. ``by_scale``: it began because
    criteria with another scale came into force, and not because anybody judged.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="positions")
    ref = models.CharField(max_length=20)
    ref_order = models.BigIntegerField(null=True)
    state = models.CharField(max_length=6, choices=State.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    criteria = models.ForeignKey("register.Criteria", on_delete=models.PROTECT, related_name="+")
    inherent_likelihood = models.PositiveSmallIntegerField(null=True)
    inherent_impact = models.PositiveSmallIntegerField(null=True)
    inherent_score = models.PositiveIntegerField(null=True)
    inherent_rating = models.CharField(max_length=30, null=True)  # noqa: DJ001
    residual_likelihood = models.PositiveSmallIntegerField(null=True)
    residual_impact = models.PositiveSmallIntegerField(null=True)
    residual_score = models.PositiveIntegerField(null=True)
    residual_rating = models.CharField(max_length=30, null=True)  # noqa: DJ001
    target_likelihood = models.PositiveSmallIntegerField(null=True)
    target_impact = models.PositiveSmallIntegerField(null=True)
    target_score = models.PositiveIntegerField(null=True)
    target_rating = models.CharField(max_length=30, null=True)  # noqa: DJ001
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    by_scale = models.BooleanField(default=False)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(
                fields=["risk"], condition=Q(valid_to=None), name="position_one_open"
            ),
            models.UniqueConstraint(fields=["risk", "valid_from"], name="position_from"),
            models.UniqueConstraint(fields=["risk", "valid_to"], name="position_to"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="position_forward",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(
                        **{
                            f"{stage}_{part}__isnull": True
                            for part in ("likelihood", "impact", "score", "rating")
                        }
                    )
                    | Q(
                        **{
                            f"{stage}_{part}__isnull": False
                            for part in ("likelihood", "impact", "score", "rating")
                        }
                    ),
                    name=f"position_{stage}_whole",
                )
                for stage in ("inherent", "residual", "target")
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "ref_order"], condition=Q(valid_to=None), name="position_now"
            ),
            models.Index(
                fields=["register", "state", "residual_likelihood", "residual_impact", "ref_order"],
                condition=Q(valid_to=None),
                name="position_now_cell",
            ),
            models.Index(fields=["register", "valid_from"], name="position_since"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} from {self.valid_from:%Y-%m-%d}"

    def cell(self, stage: str) -> dict[str, Any] | None:
        """{likelihood, impact, score, rating} at ``stage``, or None where it was not judged."""
        if getattr(self, f"{stage}_likelihood") is None:
            return None
        return {
            part: getattr(self, f"{stage}_{part}")
            for part in ("likelihood", "impact", "score", "rating")
        }


class ControlKind(models.TextChoices):
    """When a control works: before the event or after it."""

    PREVENTIVE = "preventive", _("preventive")
    CORRECTIVE = "corrective", _("corrective")


class Control(Translated, Searchable, Base, PartyBound):
    """Something in place that modifies the risk."""

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="controls")
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=ControlKind.choices)
    label = models.CharField(max_length=12, default="judgement")
    source = models.JSONField(default=dict, blank=True)
    translations = models.JSONField(default=dict, blank=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    def searchable(self) -> tuple[Any, ...]:
        """Its name in every language, and its source."""
        return (self.name, self.translations, self.source)


class MitigationStatus(models.TextChoices):
    """How far planned work has come."""

    PLANNED = "planned", _("planned")
    IN_PROGRESS = "in_progress", _("in progress")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


class Mitigation(Translated, Searchable, Sortable, Base, PartyBound):
    """Planned work that should change risks (ISO 31073: risk treatment).

    ``cost`` is an amount in the register's currency or None (not known). One that serves a risk of
    a party's own is that party's own. ``next_update_on``: while it is in progress, the last day on
    which word of how it stands is in time (``policy.next_update``); None otherwise.
    ``ended_with``: the risk with whose closing it was cancelled, because it served no other.
    """

    ref = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    expected_effect = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=MitigationStatus.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_mitigations"
    )
    due_on = models.DateField()
    cost = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    next_update_on = models.DateField(null=True)
    risks = models.ManyToManyField(Risk, related_name="mitigations")
    ended_with = models.ForeignKey(Risk, on_delete=models.PROTECT, null=True, related_name="+")
    labels = models.JSONField(default=dict, blank=True)
    translations = models.JSONField(default=dict, blank=True)
    outdated_translations = models.JSONField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="mitigation_ref"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="mitigation_progress"),
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0), name="mitigation_cost"),
            models.CheckConstraint(
                condition=Q(status="in_progress", next_update_on__isnull=False)
                | ~Q(status="in_progress") & Q(next_update_on=None),
                name="mitigation_next_update",
            ),
        ]
        indexes = [
            models.Index(fields=["register", "due_on"], name="mitigation_due"),
            models.Index(
                fields=["register", "due_on"],
                condition=Q(status__in=["planned", "in_progress"]),
                name="mitigation_running_due",
            ),
            models.Index(
                fields=["register", "next_update_on"],
                condition=Q(status="in_progress"),
                name="mitigation_update_due",
            ),
            models.Index(fields=["owner", "status", "due_on"], name="mitigation_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def searchable(self) -> tuple[Any, ...]:
        """Its texts in every language."""
        return (self.title, self.description, self.expected_effect, self.translations)

    def sorted_by(self, language: str) -> str:
        """Its title."""
        return self.in_language("title", language)
