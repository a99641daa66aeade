"""SQLite dropped the index's triggers when it copied the table for a migration before this one."""

from django.db import migrations

from riskreg.kernel.search_index import SearchIndex


class Migration(migrations.Migration):
    dependencies = [("register", "0009_objective_baseline")]

    operations = [SearchIndex("register_objective")]
