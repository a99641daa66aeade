from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risks", "0022_draft_due_index")]

    operations = [
        migrations.AddField(
            model_name="assessment",
            name="dimension",
            field=models.CharField(max_length=30, null=True),
        ),
    ]
