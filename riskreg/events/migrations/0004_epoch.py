from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0003_subject_version")]

    operations = [
        migrations.CreateModel(
            "Epoch",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=12, unique=True)),
                ("began_at", models.DateTimeField()),
                ("backup_of", models.DateTimeField()),
                ("heads", models.JSONField()),
            ],
        ),
    ]
