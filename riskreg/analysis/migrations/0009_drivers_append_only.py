from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

_OF_A_PARTY = ("uuid", "created_at", "register_id", "party_id", "visibility")
# All but what measures it.
_DRIVER = (*_OF_A_PARTY, "ref", "names", "unit")
# All but their end: the one thing that can still happen to them.
_BELIEF = (
    *_OF_A_PARTY, "driver_id", "expert_id", "at", "family", "low", "mode", "high", "p5", "p95",
    "steps", "rationale", "label", "sources", "as_of", "review_on", "look_on",
)
_LINK = (
    *_OF_A_PARTY, "risk_id", "driver_id", "on", "form", "sensitivity", "rationale", "made_by_id",
    "at",
)


def _quoted(columns):
    return tuple(f'"{name}"' for name in columns)


class Migration(migrations.Migration):
    dependencies = [("analysis", "0008_drivers")]

    operations = [
        AppendOnly("analysis_driver", columns=_quoted(_DRIVER)),
        AppendOnly("analysis_belief", columns=_quoted(_BELIEF)),
        AppendOnly("analysis_driverlink", columns=_quoted(_LINK)),
    ]
