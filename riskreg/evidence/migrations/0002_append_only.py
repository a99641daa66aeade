from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# What was added; that it is released or withdrawn can still happen.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "thing", "thing_id", "name", "media_type",
    "size", "sha256", "label", "source", "added_by_id",
)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]

    operations = [AppendOnly("evidence_evidence", columns=FROZEN)]
