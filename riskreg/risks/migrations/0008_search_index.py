from typing import Any

from django.db import migrations

from riskreg.kernel.search import search_text
from riskreg.kernel.search_index import SearchIndex, fill, with_append_only_rule_dropped
from riskreg.kernel.sorting import sort_key


def fill_columns(apps: Any, schema_editor: Any) -> None:
    """What the rows that are there already are found and sorted by."""
    connection = schema_editor.connection
    fill(
        connection,
        "risks_risk",
        {
            "search_text": lambda row: search_text(
                *(row[name] for name in ("title", "cause", "event", "consequence")),
                *(row[name] for name in ("translations", "external_id", "sources")),
            ),
            **_titles(),
        },
        stored_json=("translations", "sources"),
    )
    fill(
        connection,
        "risks_mitigation",
        {
            "search_text": lambda row: search_text(
                *(row[name] for name in ("title", "description", "expected_effect")),
                row["translations"],
            ),
            **_titles(),
        },
        stored_json=("translations",),
    )
    fill(
        connection,
        "risks_control",
        {
            "search_text": lambda row: search_text(
                row["name"], row["translations"], row["source"]
            )
        },
        stored_json=("translations", "source"),
    )
    with_append_only_rule_dropped(
        connection,
        "risks_assessment",
        "",
        lambda: fill(
            connection,
            "risks_assessment",
            {"search_text": lambda row: search_text(row["rationale"], row["translations"])},
            stored_json=("translations",),
        ),
    )


def _titles() -> dict[str, Any]:
    def title(row: Any, language: str) -> str:
        return row["translations"].get(language, {}).get("title") or row["title"]

    return {
        "sort_key_en": lambda row: sort_key(title(row, "en")),
        "sort_key_zh": lambda row: sort_key(title(row, "zh-hans")),
    }


class Migration(migrations.Migration):
    dependencies = [("risks", "0007_search")]

    operations = [
        migrations.RunPython(fill_columns, migrations.RunPython.noop),
        SearchIndex("risks_risk"),
        SearchIndex("risks_mitigation"),
        SearchIndex("risks_control"),
        SearchIndex("risks_assessment"),
    ]
