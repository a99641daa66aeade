from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]

    operations = [
        migrations.AddField("event", "subject_version", models.PositiveIntegerField(null=True)),
    ]
