from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# All but visibility and the release: the one thing that can still happen to an estimate.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "risk_id", "expert_id", "at", "stage",
    "frequency_kind", "frequency_low", "frequency_mode", "frequency_high", "severity_family",
    "severity_low", "severity_mode", "severity_high", "severity_cap", "currency", "base_year",
    "included", "rationale", "translations", "label", "sources",
)


class Migration(migrations.Migration):
    dependencies = [("analysis", "0005_estimate_translations")]

    operations = [AppendOnly("analysis_estimate", columns=FROZEN, again=True)]
