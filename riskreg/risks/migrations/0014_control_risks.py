from django.db import migrations


def link(apps, schema_editor):
    control = apps.get_model("risks", "Control")
    through = control.risks.through
    rows = control.objects.values_list("pk", "risk_id")
    through.objects.bulk_create(
        (through(control_id=pk, risk_id=risk) for pk, risk in rows.iterator()), batch_size=500
    )


class Migration(migrations.Migration):
    dependencies = [("risks", "0013_control_noun")]

    operations = [migrations.RunPython(link, migrations.RunPython.noop)]
