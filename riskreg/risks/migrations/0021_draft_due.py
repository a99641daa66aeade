from django.db import migrations, models


class Migration(migrations.Migration):
    """The drafts that are there already are filled by 0024, beside the work of everybody else."""

    dependencies = [
        ("register", "0014_programme"),
        ("risks", "0020_search_index_of_mitigations"),
    ]

    operations = [
        migrations.AddField(
            model_name="risk", name="draft_due_on", field=models.DateField(null=True)
        ),
    ]
