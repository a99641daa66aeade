from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0016_own_appetite")]

    operations = [
        migrations.AddField(
            model_name="criteria",
            name="tolerance",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
