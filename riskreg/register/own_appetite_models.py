"""What one party of a register is content with, for itself."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.kernel.localised import localised
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound, Visibility


class OwnAppetite(Base, PartyBound):
    """Up to which ``rating`` (a key of the criteria's) ``party`` itself is content with a threat:
    with those filed under ``term``, or in general (null).

    It is the party's own view, always its own alone, and binds nobody: what needs an acceptance is
    said by the common criteria. ``reasons`` says why, by language. Ended ones stay, with
    ``ended_at``.
    """

    term = models.ForeignKey("register.Term", on_delete=models.PROTECT, null=True, related_name="+")
    rating = models.CharField(max_length=30)
    reasons = models.JSONField()
    label = models.CharField(max_length=12)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(visibility=Visibility.PARTY), name="ownappetite_private"
            ),
            models.UniqueConstraint(
                fields=["party"],
                condition=Q(term=None, ended_at=None),
                name="ownappetite_general_once",
            ),
            models.UniqueConstraint(
                fields=["party", "term"],
                condition=Q(term__isnull=False, ended_at=None),
                name="ownappetite_term_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.rating}"

    @property
    def reason(self) -> str:
        """Why, in the reader's language."""
        return localised(self.reasons)
