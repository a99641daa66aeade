"""The answers kept for repeated requests are ``riskreg.requests``'s: the pages repeat requests too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("requests", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="DoneRequest")]
        ),
    ]
