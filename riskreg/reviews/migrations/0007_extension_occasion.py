import django.db.models.deletion
from django.db import migrations, models

from riskreg.kernel.appendonly import AppendOnly


class Lifted(AppendOnly):
    """The rule taken away, so that rows can be given a new column; undone, it is put back."""

    database_forwards = AppendOnly.database_backwards
    database_backwards = AppendOnly.database_forwards

    def describe(self) -> str:
        return f"Allow UPDATE and DELETE on {self.table}"


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0006_append_only_minutes"),
        ("risks", "0005_mitigation_update_rules"),
    ]

    operations = [
        Lifted("reviews_extension"),
        migrations.RemoveConstraint(model_name="extension", name="extension_once"),
        migrations.AddField(
            model_name="extension",
            name="reviewed_before",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reviews.review",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                fields=("risk", "due_on", "reviewed_before"), name="extension_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reviewed_before", None)),
                fields=("risk", "due_on"),
                name="extension_once_first",
            ),
        ),
    ]
