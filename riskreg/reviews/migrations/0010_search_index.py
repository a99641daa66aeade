from typing import Any

from django.db import migrations

from riskreg.kernel.search import search_text
from riskreg.kernel.search_index import SearchIndex, fill, with_append_only_rule_dropped


def fill_columns(apps: Any, schema_editor: Any) -> None:
    """What the rows that are there already are found and sorted by."""
    connection = schema_editor.connection
    with_append_only_rule_dropped(
        connection,
        "reviews_review",
        "",
        lambda: fill(
            connection,
            "reviews_review",
            {"search_text": lambda row: search_text(row["comment"], row["translations"])},
            stored_json=("translations",),
        ),
    )
    with_append_only_rule_dropped(
        connection,
        "reviews_meeting",
        "OLD.ended_at IS NOT NULL",
        lambda: fill(
            connection,
            "reviews_meeting",
            {"search_text": lambda row: search_text(row["title"])},
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("reviews", "0009_search")]

    operations = [
        migrations.RunPython(fill_columns, migrations.RunPython.noop),
        SearchIndex("reviews_review"),
        SearchIndex("reviews_meeting"),
    ]
