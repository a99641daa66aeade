from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# What was known when it was decided; what becomes of it can still happen.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "visibility", "ref", "title", "context",
    "translations", "due_on", "recommended", "strength", "certainty", "advice", "replaces_id",
    "requested_by_id", "proposed_by_id", "proposed_at", "round", "criteria_id", "basis", "chosen",
    "rationale", "despite", "ruled_by_id", "decided_at", "record", "digest",
)
# What was said; that everybody may read it can still happen.
SAID = (
    "uuid", "created_at", "register_id", "party_id", "decision_id", "option", "stance", "text",
    "author_id",
)


class Migration(migrations.Migration):
    dependencies = [("decisions", "0004_decisions")]

    operations = [
        AppendOnly("decisions_decision", when="OLD.record <> ''", columns=FROZEN),
        AppendOnly("decisions_argument", columns=SAID),
        AppendOnly("decisions_vote"),
        AppendOnly("decisions_revisit"),
    ]
