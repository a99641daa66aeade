from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("risks", "0001_initial")]

    operations = [AppendOnly("risks_assessment", when="")]
