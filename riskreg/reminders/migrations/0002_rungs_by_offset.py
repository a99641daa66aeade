from django.db import migrations

OFFSETS = {"early": "-14", "due": "0", "late": "7"}


def by_offset(apps, schema_editor):
    """The three rungs there were, under the days on which they stood."""
    reminders = apps.get_model("reminders", "Reminder").objects
    for name, offset in OFFSETS.items():
        reminders.filter(rung=name).update(rung=offset)


def by_name(apps, schema_editor):
    """Back again; a rung that had no name then keeps its offset as one."""
    reminders = apps.get_model("reminders", "Reminder").objects
    for name, offset in OFFSETS.items():
        reminders.filter(rung=offset).update(rung=name)


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_initial")]

    operations = [migrations.RunPython(by_offset, by_name)]
