"""Decisions: a question, its options, who decides, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.kernel.models import Base
from riskreg.register.labels import Label
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.models.translated import Translated


class DecisionState(models.TextChoices):
    """Where a decision is in its life (``policy.decisions.NEXT``)."""

    DRAFT = "draft", pgettext_lazy("decision", "draft")
    PROPOSED = "proposed", pgettext_lazy("decision", "proposed")
    DECIDED = "decided", _("decided")
    IN_FORCE = "in_force", pgettext_lazy("decision", "in force")
    REVISITED = "revisited", _("revisited")
    CLOSED = "closed", pgettext_lazy("decision", "closed")
    REJECTED = "rejected", pgettext_lazy("decision", "rejected")
    SUPERSEDED = "superseded", pgettext_lazy("decision", "replaced by a later one")
    LAPSED = "lapsed", _("lapsed")


class Strength(models.TextChoices):
    """How strongly an option is recommended."""

    STRONG = "strong", _("strong")
    CONDITIONAL = "conditional", _("conditional")


class Decision(Translated, Base, PartyBound):
    """A question that is put to people with the authority, by a day.

    ``criteria`` and ``basis`` ({public id of a risk: its rating}) are what it stood on when it was
    proposed. ``round`` counts how often that was. A ruling (``chosen``, ``rationale``,
    ``review_on``, ``ruled_by``) stands while the other parties are asked for their yes; it is
    decided (``decided_at``) with the last of these. ``record`` is then everything that was known,
    as canonical JSON, and ``digest`` its hash.
    """

    ref = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=DecisionState.choices)
    title = models.CharField(max_length=200)
    context = models.TextField(blank=True)
    translations = models.JSONField(null=True)
    risks = models.ManyToManyField(Risk, related_name="decisions")
    due_on = models.DateField()
    # How many letters were given to options, those included that were taken out.
    letters = models.PositiveSmallIntegerField(default=1)
    recommended = models.CharField(max_length=1, blank=True)
    strength = models.CharField(max_length=11, choices=Strength.choices, blank=True)
    certainty = models.CharField(max_length=12, choices=Label.choices, blank=True)
    advice = models.TextField(blank=True)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True)
    round = models.PositiveSmallIntegerField(default=0)
    criteria = models.ForeignKey(
        "register.Criteria", on_delete=models.PROTECT, null=True, related_name="+"
    )
    basis = models.JSONField(default=dict, blank=True)
    chosen = models.CharField(max_length=1, blank=True)
    rationale = models.TextField(blank=True)
    # What was said to the fact that it stood on something that had moved by then.
    despite = models.TextField(blank=True)
    ruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    in_force_on = models.DateField(null=True)
    review_on = models.DateField(null=True)
    record = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    # Why it came back to a draft, was rejected, lapsed or is closed; the ref of what replaced it.
    words = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="decision_ref"),
            models.CheckConstraint(
                condition=Q(state__in=DecisionState.values), name="decision_state"
            ),
            # Four eyes: who asks does not decide.
            models.CheckConstraint(
                condition=Q(ruled_by=None)
                | (~Q(ruled_by=F("requested_by")) & ~Q(ruled_by=F("proposed_by"))),
                name="decision_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, record="")
                | Q(decided_at__isnull=False, ruled_by__isnull=False)
                & ~Q(record="")
                & ~Q(chosen=""),
                name="decision_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["register", "-created_at", "-id"], name="decision_at"),
            models.Index(fields=["register", "state", "due_on"], name="decision_state_due"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def owner_id(self) -> int:
        """Who answers for it: whoever asks (``permissions.permits``)."""
        return self.requested_by_id


class Decider(Base):
    """Somebody who is asked to decide, for the party that they acted for when they were named."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="deciders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey("register.Party", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "user"], name="decider_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.party})"


class Option(Translated, Base):
    """One answer to the question: mitigations to carry out, what they cost, what they bring.

    ``costs``: [{amount, year, party}]. Doing nothing is always one, and cannot be taken out.
    ``gate``: what it finds out before another option is done (``policy.gates``), if it does:
    {decides: its key, chance, hit, false_alarm in per cent, gain, loss, label}.
    """

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="options")
    key = models.CharField(max_length=1)
    is_nothing = models.BooleanField(default=False)
    title = models.CharField(max_length=200)
    effects = models.TextField(blank=True)
    translations = models.JSONField(null=True)
    mitigations = models.ManyToManyField(Mitigation, related_name="options")
    costs = models.JSONField(default=list, blank=True)
    gate = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "key"], name="option_key"),
            models.UniqueConstraint(
                fields=["decision"], condition=Q(is_nothing=True), name="option_one_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"


class Stance(models.TextChoices):
    """Which way an argument goes."""

    FOR = "for", pgettext_lazy("stance", "for")
    AGAINST = "against", pgettext_lazy("stance", "against")


class Argument(Base, PartyBound):
    """What a party says for or against an option: its own until it is released, for good."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="arguments")
    option = models.CharField(max_length=1)
    stance = models.CharField(max_length=7, choices=Stance.choices)
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="argument_stance"),
        ]

    def __str__(self) -> str:
        return f"{self.stance} {self.option}"

    @property
    def ref(self) -> str:
        """What events call it: the decision's name."""
        return self.decision.ref

    @property
    def owner_id(self) -> int:
        """Who answers for it."""
        return self.author_id


class Vote(Base):
    """A party's yes or no to a ruling; ``round`` is that of the decision at that time."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField()
    party = models.ForeignKey("register.Party", on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_yes = models.BooleanField()
    words = models.TextField(blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.party}: {'yes' if self.is_yes else 'no'}"


class Revisit(Base):
    """What happened since it was decided, and what was learnt; by another than who forecast it."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="revisits")
    happened = models.TextField()
    lessons = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.decision.ref} on {self.at:%Y-%m-%d}"
