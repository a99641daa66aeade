from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_extension")]

    operations = [AppendOnly("reviews_extension", when="")]
