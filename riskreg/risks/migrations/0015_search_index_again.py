"""SQLite dropped the index's triggers when it copied the table for a migration before this one."""

from django.db import migrations

from riskreg.kernel.search_index import SearchIndex


class Migration(migrations.Migration):
    dependencies = [("risks", "0014_control_risks")]

    operations = [SearchIndex("risks_control")]
