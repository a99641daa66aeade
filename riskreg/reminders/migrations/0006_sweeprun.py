from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reminders", "0005_imprint")]

    operations = [
        migrations.CreateModel(
            "SweepRun",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(db_index=True)),
                ("moved", models.PositiveIntegerField()),
                ("messages", models.PositiveIntegerField()),
                ("broken", models.PositiveIntegerField()),
            ],
        ),
    ]
