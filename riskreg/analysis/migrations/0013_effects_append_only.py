from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# All but visibility and the release, which is the moment of an effect from then on: the one thing
# that can still happen to it.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "mitigation_id", "risk_id", "expert_id",
    "frequency_low", "frequency_mode", "frequency_high", "severity_low", "severity_mode",
    "severity_high", "cost_low", "cost_mode", "cost_high", "cost_year", "currency", "base_year",
    "rationale", "translations", "label", "sources",
)


class Migration(migrations.Migration):
    dependencies = [("analysis", "0012_effects")]

    operations = [AppendOnly("analysis_effect", columns=FROZEN)]
