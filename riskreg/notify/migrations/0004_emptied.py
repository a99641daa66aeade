from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0003_endpoint_moves_out")]

    operations = [
        migrations.AddField("message", "emptied_at", models.DateTimeField(null=True)),
    ]
