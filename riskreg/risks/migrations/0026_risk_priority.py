from django.db import migrations, models


class Migration(migrations.Migration):
    """The risks that are there already are filled by 0028, beside the work of everybody else."""

    dependencies = [("risks", "0025_map_indexes")]

    operations = [
        migrations.AddField(
            model_name="risk",
            name="priority",
            field=models.PositiveIntegerField(db_default=models.Value(0), null=True),
        ),
    ]
