from collections.abc import Sequence
from typing import Any

from django.db import migrations
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from riskreg.kernel.backfill import Backfill

THREAT, UNRATED_THREAT = 100_000, 50_000

at_stake = Case(
    When(
        positions__kind="threat",
        then=Coalesce(F("positions__residual_score") + THREAT, Value(UNRATED_THREAT)),
    ),
    default=Coalesce(F("positions__residual_score"), Value(0)),
    output_field=IntegerField(),
)
differs = Q(priority__lt=at_stake) | Q(priority__gt=at_stake)


def say_what_is_at_stake(rows: Sequence[Any]) -> None:
    """By where each stands now."""
    positions = type(rows[0])._meta.get_field("positions").related_model._base_manager
    now = positions.using(rows[0]._state.db).filter(risk__in=rows, valid_to=None)
    stands = {risk: (kind, score) for risk, kind, score in now.values_list("risk", "kind", "residual_score")}
    for row in rows:
        kind, score = stands[row.pk]
        if kind == "threat":
            row.priority = UNRATED_THREAT if score is None else THREAT + score
        else:
            row.priority = score or 0


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("risks", "0027_due_indexes")]
    operations = [
        Backfill("risk", Q(positions__valid_to=None) & differs, say_what_is_at_stake, ("priority",))
    ]
