"""A change of the common frame that waits for a yes of every party, and each party's answer."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from riskreg.kernel.localised import localised
from riskreg.kernel.models import Base
from riskreg.register.change_kinds import Line, lines_of, title_of
from riskreg.register.visibility import PartyBound


class ChangeState(models.TextChoices):
    """How a change request stands. Only ``open`` ever changes into another."""

    OPEN = "open", pgettext_lazy("change request", "open")
    APPLIED = "applied", pgettext_lazy("change request", "in effect")
    REFUSED = "refused", pgettext_lazy("change request", "refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("change request", "withdrawn")
    EXPIRED = "expired", pgettext_lazy("change request", "expired")
    OUTDATED = "outdated", pgettext_lazy("change request", "outdated")


class AnswerState(models.TextChoices):
    """What a party has answered. ``nobody``: nobody could speak for it when it was asked."""

    WAITING = "waiting", pgettext_lazy("answer", "no answer yet")
    YES = "yes", pgettext_lazy("answer", "yes")
    NO = "no", pgettext_lazy("answer", "no")
    NOBODY = "nobody", pgettext_lazy("answer", "nobody could speak for it")


class ChangeRequest(Base):
    """A change of what is common: ``before`` and ``after`` as it is shown, ``content`` as the
    service takes it, none of which changes once it was asked for. ``binds_all``: every party of the
    register, not only those that answer.

    It needs its answers until the end of the day ``answer_by`` of the register's calendar.
    ``closing_words`` by language say why it was refused, or what made it outdated.
    """

    register = models.ForeignKey(
        "register.Register", on_delete=models.PROTECT, related_name="change_requests"
    )
    ref = models.CharField(max_length=12)
    kind = models.CharField(max_length=30)
    content = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    party = models.ForeignKey(
        "register.Party", on_delete=models.PROTECT, null=True, related_name="+"
    )
    binds_all = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=ChangeState.choices)
    answer_by = models.DateField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closing_words = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "ref"], name="changerequest_ref"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="changerequest_closed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"], condition=Q(state="open"), name="changerequest_open"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer: nothing is changed yet."""
        return self.state == ChangeState.OPEN

    @property
    def title(self) -> str:
        """What it is about, in the reader's language."""
        return title_of(self.kind, self.before, self.after)

    @property
    def lines(self) -> list[Line]:
        """The difference, in the reader's language."""
        return lines_of(self.kind, self.before, self.after)

    @property
    def closing_text(self) -> str:
        """Why it was closed as it was, in the reader's language; empty where nothing was said."""
        return localised(self.closing_words)


class PartyAnswer(Base, PartyBound):
    """What one party answers to a change request. ``asked``: who is reminded of it first; any
    manager or leader of the party may answer. ``due_on``: by when, while it is still owed."""

    request = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="answers")
    asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answer = models.CharField(max_length=8, choices=AnswerState.choices)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["request", "party"], name="partyanswer_once"),
            models.CheckConstraint(
                condition=~Q(answer="waiting") | Q(asked__isnull=False), name="partyanswer_asked"
            ),
            models.CheckConstraint(
                condition=Q(answer__in=["waiting", "nobody"])
                | Q(answered_by__isnull=False, answered_at__isnull=False),
                name="partyanswer_by",
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(answer="waiting"), name="partyanswer_owed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "due_on"],
                condition=Q(due_on__isnull=False),
                name="partyanswer_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.answer}"

    @property
    def ref(self) -> str:
        """Of its request: what is to be answered."""
        return self.request.ref

    @property
    def owner_id(self) -> int | None:
        """Who is reminded of it first."""
        return self.asked_id

    def localized(self, _name: str) -> Any:
        """What its request is about, in the reader's language."""
        return self.request.title
