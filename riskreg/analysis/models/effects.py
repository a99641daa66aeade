"""What experts believe that planned work does to risks, and what it costs."""

from django.db import models
from django.db.models import F, Q

from riskreg.analysis.models.given import Given
from riskreg.risks.models import Mitigation, Risk

PARTS = ("low", "mode", "high")


def _is_given_nonnegative_and_in_order(quantity: str) -> Q:
    return (
        Q(**{f"{quantity}_low__gte": 0})
        & Q(**{f"{quantity}_low__lte": F(f"{quantity}_mode")})
        & Q(**{f"{quantity}_mode__lte": F(f"{quantity}_high")})
        & Q(**{f"{quantity}_{part}__isnull": False for part in PARTS})
    )


def _is_wholly_null(quantity: str) -> Q:
    return Q(**{f"{quantity}_{part}": None for part in PARTS})


class Effect(Given):
    """What one expert believes that a mitigation leaves of a risk that it serves, and what the
    whole of the mitigation costs. A new one takes the place of the expert's last of both.

    Shares of how often and of how much that remain: 1 is no effect, 0.4 four tenths of it. One of
    the two is said at least. The cost is of ``base_year``, paid in ``cost_year`` (None: not said),
    by the mitigation's party; of several effects of an expert the newest says it.
    """

    mitigation = models.ForeignKey(Mitigation, on_delete=models.PROTECT, related_name="+")
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="+")
    frequency_low = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    frequency_mode = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    frequency_high = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    severity_low = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    severity_mode = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    severity_high = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    cost_low = models.DecimalField(max_digits=18, decimal_places=2)
    cost_mode = models.DecimalField(max_digits=18, decimal_places=2)
    cost_high = models.DecimalField(max_digits=18, decimal_places=2)
    cost_year = models.PositiveSmallIntegerField(null=True)

    class Meta(Given.Meta):
        constraints = [
            *Given.Meta.constraints,
            models.CheckConstraint(
                condition=_is_given_nonnegative_and_in_order("frequency")
                | _is_wholly_null("frequency"),
                name="effect_frequency",
            ),
            models.CheckConstraint(
                condition=_is_given_nonnegative_and_in_order("severity")
                | _is_wholly_null("severity"),
                name="effect_severity",
            ),
            models.CheckConstraint(
                condition=_is_given_nonnegative_and_in_order("cost"), name="effect_cost"
            ),
            models.CheckConstraint(
                condition=Q(frequency_low__isnull=False) | Q(severity_low__isnull=False),
                name="effect_of_something",
            ),
        ]
        indexes = [models.Index(fields=["mitigation", "-at", "-id"], name="effect_mitigation_at")]

    def __str__(self) -> str:
        return f"of {self.mitigation_id} on {self.risk_id} by {self.expert_id}"

    def mean_of(self, quantity: str) -> float:
        """The mean of ``quantity`` (frequency, severity, cost); 1 for a share that is not said."""
        low, mode, high = (getattr(self, f"{quantity}_{part}") for part in PARTS)
        return 1.0 if low is None else float((low + 4 * mode + high) / 6)
