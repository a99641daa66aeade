"""The party boundary: the one place where who sees what is decided.

A thing is either ``shared`` (every member of the register sees it) or ``party`` (members of its own
party do). Every query over such things starts from ``visible_to``.
"""

from typing import Any, Protocol, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class Reader(Protocol):
    """Who asks: a member of a register, for a party or for none (``access.Viewer``)."""

    @property
    def register(self) -> Any:
        """The register that is asked about."""

    @property
    def party_id(self) -> int | None:
        """The party that they act for; None for somebody of the programme as a whole."""


class Visibility(models.TextChoices):
    """Who sees a thing. It only ever widens: party → shared."""

    SHARED = "shared", _("shared")
    PARTY = "party", _("own party only")


def is_visible_to(viewer: Reader, prefix: str = "") -> Q:
    """The condition that ``viewer`` may know of a thing in their register; ``prefix`` leads to it
    from the rows that are filtered."""
    known = Q(**{f"{prefix}visibility": Visibility.SHARED})
    if viewer.party_id is not None:
        known |= Q(**{f"{prefix}party_id": viewer.party_id})
    return known & Q(**{f"{prefix}register_id": viewer.register.pk})


class PartyBoundQuerySet(models.QuerySet[_Row]):
    """A query set that must be told who asks."""

    def visible_to(self, viewer: Reader) -> Self:
        """Only what ``viewer`` may know of in their register."""
        return self.filter(is_visible_to(viewer))


class PartyBound(models.Model):
    """A thing of one party, in one register, with a visibility."""

    register = models.ForeignKey("register.Register", on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey("register.Party", on_delete=models.PROTECT, related_name="+")
    visibility = models.CharField(max_length=6, choices=Visibility.choices)

    objects = models.Manager.from_queryset(PartyBoundQuerySet)()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(visibility__in=["shared", "party"]), name="%(class)s_visibility"
            )
        ]
