from django.db import migrations
from django.db.models import Q

from riskreg.kernel.indexes import AddIndexBeside, NullsLastIndex

TIE_BREAKERS = {"inherent": "residual", "residual": "inherent", "target": "residual"}


def index(stage: str, tie: str) -> NullsLastIndex:
    cell = (f"{stage}_likelihood", f"{stage}_impact", f"-{tie}_score", "ref_order")
    shown = ("visibility", "party", "criteria", "risk", "ref")
    return NullsLastIndex(
        fields=["register", "state", "kind", *cell, *shown],
        condition=Q(valid_to=None),
        name=f"position_map_{stage}",
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("register", "0017_tolerance"), ("risks", "0024_fill_draft_due")]
    operations = [
        AddIndexBeside(model_name="position", index=index(stage, tie))
        for stage, tie in TIE_BREAKERS.items()
    ]
