from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# What was known when it was asked for; what becomes of it can still happen.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "visibility", "ref", "risk_id", "criteria_id",
    "likelihood", "impact", "score", "rating", "estimates", "reason", "translations",
    "requested_by_id", "at", "acceptor_id", "answer_by", "extension_of_id",
)


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]

    operations = [AppendOnly("decisions_acceptance", columns=FROZEN)]
