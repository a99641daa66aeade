from importlib import import_module

from django.db import migrations, models

# SQLite makes the table anew and forgets the index that no model knows of.
order = import_module("riskreg.risks.migrations.0003_score_order")


class Migration(migrations.Migration):
    dependencies = [("risks", "0005_mitigation_update_rules")]

    operations = [
        migrations.RunPython(order.drop, order.create),
        migrations.AddField("position", "by_scale", models.BooleanField(default=False)),
        migrations.RunPython(order.create, order.drop),
    ]
