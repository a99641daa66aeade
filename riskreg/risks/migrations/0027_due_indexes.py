from django.conf import settings
from django.db import migrations, models

from riskreg.kernel.indexes import AddIndexBeside

IN_REGISTER = (
    "register", "state", "next_review_on", "visibility", "party", "kind", "owner", "deputy",
    "priority",
)  # fmt: skip
TO_OWNER = (
    "owner", "state", "next_review_on", "register", "visibility", "party", "deputy", "priority",
    "draft_due_on",
)  # fmt: skip
TO_DEPUTY = (
    "deputy", "state", "next_review_on", "register", "visibility", "party", "owner", "priority",
)  # fmt: skip


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("register", "0017_tolerance"),
        ("risks", "0026_risk_priority"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBeside(
            model_name="risk",
            index=models.Index(
                fields=IN_REGISTER,
                name="risk_due_in_register",
            ),
        ),
        AddIndexBeside(
            model_name="risk", index=models.Index(fields=TO_OWNER, name="risk_due_to_owner")
        ),
        AddIndexBeside(
            model_name="risk", index=models.Index(fields=TO_DEPUTY, condition=models.Q(deputy__isnull=False), name="risk_due_to_deputy")
        ),
        migrations.RemoveIndex(model_name="risk", name="risk_due"),
        migrations.RemoveIndex(model_name="risk", name="risk_owner_due"),
        migrations.RemoveIndex(model_name="risk", name="risk_deputy_due"),
    ]
