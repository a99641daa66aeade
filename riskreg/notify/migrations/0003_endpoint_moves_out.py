from django.db import migrations


class Migration(migrations.Migration):
    """The model goes to a room of its own (``endpoints``); its table stays as it is."""

    dependencies = [("notify", "0002_channels"), ("endpoints", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Endpoint")])
    ]
