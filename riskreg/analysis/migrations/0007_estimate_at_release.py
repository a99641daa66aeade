from django.db import migrations, models
from django.db.models import F, Q

from riskreg.kernel.appendonly import AppendOnly

# All but visibility and the release, which is the moment of an estimate from then on: the one thing
# that can still happen to it.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "risk_id", "expert_id", "stage",
    "frequency_kind", "frequency_low", "frequency_mode", "frequency_high", "severity_family",
    "severity_low", "severity_mode", "severity_high", "severity_cap", "currency", "base_year",
    "included", "rationale", "translations", "label", "sources",
)


def as_of_the_release(apps, schema_editor):
    rows = apps.get_model("analysis", "Estimate").objects
    rows.exclude(released_at=None).update(at=F("released_at"))


class Migration(migrations.Migration):
    dependencies = [("analysis", "0006_estimate_translations_append_only")]

    operations = [
        AppendOnly("analysis_estimate", columns=FROZEN, again=True),
        migrations.RunPython(as_of_the_release, migrations.RunPython.noop),
        migrations.RemoveConstraint("estimate", "estimate_released"),
        migrations.AddConstraint(
            "estimate",
            models.CheckConstraint(
                condition=Q(visibility="party", released_at=None, released_by=None)
                | Q(visibility="shared", released_at=F("at"), released_by__isnull=False),
                name="estimate_released",
            ),
        ),
        # On SQLite another constraint makes the table anew, without the rule.
        AppendOnly("analysis_estimate", columns=FROZEN, again=True),
    ]
