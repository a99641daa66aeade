from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("analysis", "0010_objective_models")]

    operations = [AppendOnly("analysis_objectivemodel")]
