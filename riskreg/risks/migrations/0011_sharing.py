from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risks", "0010_outdated_translations")]

    operations = [
        migrations.RemoveIndex(model_name="position", name="position_now"),
        migrations.RemoveIndex(model_name="position", name="position_now_cell"),
        # Empty, so that no table is made anew, which would lose its triggers on SQLite.
        migrations.AddField("position", "ref_order", models.BigIntegerField(null=True)),
        migrations.AddField("risk", "ref_order", models.BigIntegerField(null=True)),
        migrations.AddField("riskalias", "risk_created_at", models.DateTimeField(null=True)),
    ]
