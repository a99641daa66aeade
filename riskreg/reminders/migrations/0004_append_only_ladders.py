from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("reminders", "0003_ladder")]

    operations = [AppendOnly("reminders_ladder")]
