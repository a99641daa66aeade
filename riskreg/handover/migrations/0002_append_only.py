from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("handover", "0001_initial")]

    operations = [AppendOnly("handover_handover")]
