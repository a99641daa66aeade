from django.conf import settings
from django.db import migrations, models

from riskreg.kernel.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("risks", "0021_draft_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBeside(
            model_name="risk",
            index=models.Index(
                condition=models.Q(("state", "draft")),
                fields=["draft_due_on"],
                name="risk_draft_due",
            ),
        ),
    ]
