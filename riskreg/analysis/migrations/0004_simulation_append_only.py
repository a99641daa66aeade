from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("analysis", "0003_simulation")]

    operations = [AppendOnly("analysis_simulation")]
