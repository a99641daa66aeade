"""SQLite dropped the index's triggers when it copied the table to add a note of progress."""

from django.db import migrations

from riskreg.kernel.search_index import SearchIndex


class Migration(migrations.Migration):
    dependencies = [("risks", "0019_happened")]

    operations = [SearchIndex("risks_mitigation")]
