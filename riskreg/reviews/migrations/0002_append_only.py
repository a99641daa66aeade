from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]

    operations = [AppendOnly("reviews_review", when="")]
