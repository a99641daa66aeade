import datetime as dt
import zoneinfo
from typing import Any

from django.conf import settings
from django.db import migrations, models

UPDATE_DAYS = 30


def expect_updates(apps: Any, schema_editor: Any) -> None:
    """Work in progress was last heard of when it was last changed, in its register's own days."""
    mitigations = apps.get_model("risks", "Mitigation")
    rows = mitigations.objects.filter(status="in_progress").select_related("register")
    batch = []
    for row in rows.iterator(chunk_size=500):
        told_on = row.updated_at.astimezone(zoneinfo.ZoneInfo(row.register.time_zone)).date()
        row.next_update_on = told_on + dt.timedelta(days=UPDATE_DAYS)
        batch.append(row)
        if len(batch) == 500:
            mitigations.objects.bulk_update(batch, ["next_update_on"])
            batch = []
    mitigations.objects.bulk_update(batch, ["next_update_on"])


class Migration(migrations.Migration):
    dependencies = [
        ("register", "0003_absence"),
        ("risks", "0003_score_order"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="mitigation", name="next_update_on", field=models.DateField(null=True)
        ),
        migrations.RunPython(expect_updates, migrations.RunPython.noop),
    ]
