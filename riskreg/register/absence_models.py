"""Who is away from a register, and when."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.kernel.models import Base


class Absence(Base):
    """Days on which a member of a register is away, the last of them ``until_on``.

    Days are of the register's calendar. The stand-in, of the member's own party, answers meanwhile
    for what is theirs. ``ended_at``: they came back early, or it was called off. Everybody in the
    register may know of it; the ``note`` is for the member's own party.
    """

    register = models.ForeignKey(
        "register.Register", on_delete=models.PROTECT, related_name="absences"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences"
    )
    starts_on = models.DateField()
    until_on = models.DateField()
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="stands_in"
    )
    note = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=models.F("starts_on")), name="absence_forward"
            ),
            models.CheckConstraint(
                condition=Q(stand_in=None) | ~Q(stand_in=models.F("user")),
                name="absence_stand_in_not_self",
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "until_on"], condition=Q(ended_at=None), name="absence_now"
            ),
            models.Index(
                fields=["stand_in", "until_on"], condition=Q(ended_at=None), name="absence_stand_in"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} away {self.starts_on} to {self.until_on}"
