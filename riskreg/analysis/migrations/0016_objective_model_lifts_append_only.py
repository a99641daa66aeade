from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("analysis", "0015_objective_model_lifts")]

    operations = [AppendOnly("analysis_objectivemodel", again=True)]
