from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery

from riskreg.kernel.appendonly import AppendOnly


def fill(apps: Any, schema_editor: Any) -> None:
    """Each extension was granted after the last review that had been recorded by then."""
    extension, review = (apps.get_model("reviews", name) for name in ("Extension", "Review"))
    before = review.objects.filter(
        risk=OuterRef("risk"), created_at__lte=OuterRef("created_at")
    ).order_by("-pk")
    extension.objects.update(reviewed_before=Subquery(before.values("pk")[:1]))
    if schema_editor.connection.vendor == "postgresql":
        # Or the table could not be changed again before the transaction ends.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_extension_occasion")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AppendOnly("reviews_extension"),
    ]
