from typing import Any

from django.db import migrations

from riskreg.kernel.search import search_text
from riskreg.kernel.search_index import SearchIndex, fill
from riskreg.kernel.sorting import sort_key
from riskreg.kernel.localised import in_language


def fill_columns(apps: Any, schema_editor: Any) -> None:
    """What the rows that are there already are found and sorted by."""
    connection = schema_editor.connection
    fill(
        connection,
        "indicators_indicator",
        {
            "search_text": lambda row: search_text(
                row["names"], row["descriptions"], row["limit_notes"], row["source"]
            ),
            "sort_key_en": lambda row: sort_key(in_language(row["names"], "en")),
            "sort_key_zh": lambda row: sort_key(in_language(row["names"], "zh-hans")),
        },
        stored_json=("names", "descriptions", "limit_notes", "source"),
    )


class Migration(migrations.Migration):
    dependencies = [("indicators", "0003_search")]

    operations = [
        migrations.RunPython(fill_columns, migrations.RunPython.noop),
        SearchIndex("indicators_indicator"),
    ]
