from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("register", "0001_initial")]

    operations = [AppendOnly("register_criteria", when="OLD.used_at IS NOT NULL")]
