from django.db import migrations, models

from riskreg.kernel.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notify", "0004_emptied")]

    operations = [
        AddIndexBeside(
            "message",
            models.Index(
                fields=["created_at"], condition=models.Q(emptied_at=None),
                name="message_not_emptied",
            ),
        ),
    ]  # fmt: skip
