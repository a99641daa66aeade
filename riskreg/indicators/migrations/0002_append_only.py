from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("indicators", "0001_initial")]

    operations = [
        AppendOnly("indicators_reading", when=""),
        AppendOnly("indicators_breach", when=""),
    ]
