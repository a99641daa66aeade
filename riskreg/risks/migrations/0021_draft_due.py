import datetime as dt
import zoneinfo
from typing import Any

from django.db import migrations, models

DRAFT_DAYS = 30


def expect_drafts(apps: Any, schema_editor: Any) -> None:
    """Drafts count from their last change, in their register's own days."""
    risks = apps.get_model("risks", "Risk")
    rows = risks.objects.filter(state="draft").select_related("register")
    batch = []
    for row in rows.iterator(chunk_size=500):
        changed_on = row.updated_at.astimezone(zoneinfo.ZoneInfo(row.register.time_zone)).date()
        row.draft_due_on = changed_on + dt.timedelta(days=DRAFT_DAYS)
        batch.append(row)
        if len(batch) == 500:
            risks.objects.bulk_update(batch, ["draft_due_on"])
            batch = []
    risks.objects.bulk_update(batch, ["draft_due_on"])


class Migration(migrations.Migration):
    dependencies = [
        ("register", "0014_programme"),
        ("risks", "0020_search_index_of_mitigations"),
    ]

    operations = [
        migrations.AddField(
            model_name="risk", name="draft_due_on", field=models.DateField(null=True)
        ),
        migrations.RunPython(expect_drafts, migrations.RunPython.noop),
    ]
