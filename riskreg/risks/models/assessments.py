"""How a risk was judged, and where it stood."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.indexes import NullsLastIndex
from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.register.visibility import PartyBound
from riskreg.risks.models.risks import Kind, Risk, State
from riskreg.risks.models.translated import Translated

# Within a cell of the heatmap all stand alike at its stage; what they would be without controls, or
# are now, tells them apart.
TIE_BREAKERS = {"inherent": "residual", "residual": "inherent", "target": "residual"}


class Stage(models.TextChoices):
    """What an assessment takes into account."""

    INHERENT = "inherent", _("inherent")
    RESIDUAL = "residual", _("residual")
    TARGET = "target", _("target")


class Assessment(Translated, Searchable, Base, PartyBound):
    """One person's recorded judgement of a risk at one stage. Append-only.

    ``at`` is when it was judged, ``created_at`` when it was recorded. It belongs to the audience
    that the risk had then: what was judged in private stays so when the risk is shared.
    ``dimension`` is the kind of impact, by its key in ``criteria``, that the level of impact comes
    from; null where nobody said.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="assessments")
    criteria = models.ForeignKey("register.Criteria", on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    score = models.PositiveIntegerField()
    rating = models.CharField(max_length=30)
    dimension = models.CharField(max_length=30, null=True)  # noqa: DJ001
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

    def texts_to_search(self) -> tuple[Any, ...]:
        """Why it was judged so."""
        return (self.rationale, self.translations)


def _map_index(stage: str, tie: str) -> NullsLastIndex:
    """All that the heatmap of ``stage`` asks: each cell is counted, and its worst are found, in the
    index alone, which is a tenth of what the rows are."""
    cell = (f"{stage}_likelihood", f"{stage}_impact", f"-{tie}_score", "ref_order")
    shown = ("visibility", "party", "criteria", "risk", "ref")
    return NullsLastIndex(
        fields=["register", "state", "kind", *cell, *shown],
        condition=Q(valid_to=None),
        name=f"position_map_{stage}",
    )


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
            *(_map_index(stage, tie) for stage, tie in TIE_BREAKERS.items()),
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
