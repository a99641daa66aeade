from django.db import migrations


def create(apps, schema_editor):
    """The order of the list, worst first and unrated last.

    SQLite sorts NULL last in a descending index by itself and refuses to be told so in one;
    PostgreSQL has to be told. Models cannot say both, so the index is made here.
    """
    last = " NULLS LAST" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(
        "CREATE INDEX position_now_score ON risks_position "
        f"(register_id, residual_score DESC{last}, risk_id) WHERE valid_to IS NULL"
    )


def drop(apps, schema_editor):
    schema_editor.execute("DROP INDEX position_now_score")


class Migration(migrations.Migration):
    dependencies = [("risks", "0002_append_only")]

    operations = [migrations.RunPython(create, drop)]
