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
        "accounts_user",
        {
            "search_text": lambda row: search_text(row["name"], row["names"]),
            "sort_key_en": lambda row: sort_key(in_language(row["names"], "en", row["name"])),
            "sort_key_zh": lambda row: sort_key(in_language(row["names"], "zh-hans", row["name"])),
        },
        stored_json=("names",),
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_search")]

    operations = [
        migrations.RunPython(fill_columns, migrations.RunPython.noop),
        SearchIndex("accounts_user"),
    ]
