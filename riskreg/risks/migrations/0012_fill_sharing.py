from typing import Any

from django.db import migrations, models
from django.db.models import Max

from riskreg.kernel import clock
from riskreg.kernel.search import search_text

REFS_EACH = 10**9
VERSIONS = 1_000_000


def order_refs(apps: Any, schema_editor: Any) -> None:
    """Shared refs first, by number, then each party's own."""
    number = "CAST(substr(ref, instr(ref, '-') + 1) AS INTEGER)"
    if schema_editor.connection.vendor == "postgresql":
        number = "CAST(split_part(ref, '-', 2) AS bigint)"
    for table in ("risks_risk", "risks_position"):
        schema_editor.execute(
            f"UPDATE {table} SET ref_order = (CASE WHEN visibility = 'shared' THEN 0 "  # noqa: S608
            f"ELSE party_id END) * {REFS_EACH} + {number}"
        )


def start_anew(apps: Any, schema_editor: Any) -> None:
    """What was shared earlier stops telling its private past, as if it were shared now.

    The party keeps when it was recorded; the shared chain knows when it was shared and reviewed.
    """
    alias_model, event_model = apps.get_model("risks", "RiskAlias"), apps.get_model("events", "Event")
    for alias in alias_model.objects.select_related("risk__register").iterator():
        risk = alias.risk
        alias.risk_created_at = risk.created_at
        alias.save(update_fields=["risk_created_at"])
        told = event_model.objects.filter(
            chain__key=f"{risk.register.uuid}:shared", subject_uuid=risk.uuid
        )
        shared = told.filter(verb="risk.shared").order_by("seq").first()
        if shared is not None:
            risk.created_at = shared.recorded_at
        held = told.filter(verb="risk.reviewed").aggregate(last=Max("at"))["last"]
        risk.last_reviewed_on = held and clock.local_date(held, risk.register.time_zone)
        risk.version = (risk.version // VERSIONS + 1) * VERSIONS + 1
        risk.save(update_fields=["created_at", "last_reviewed_on", "version"])


def forget_external_ids(apps: Any, schema_editor: Any) -> None:
    """Only a risk's own party knows them, and everybody who sees it finds it by its words."""
    for risk in apps.get_model("risks", "Risk").objects.filter(external_id__isnull=False).iterator():
        texts = (risk.title, risk.cause, risk.event, risk.consequence)
        risk.search_text = search_text(*texts, risk.translations, risk.sources)
        type(risk).objects.filter(pk=risk.pk).update(search_text=risk.search_text)


def order_by_score(apps: Any, schema_editor: Any) -> None:
    """As in 0003, with the place of the ref in place of the row's own id."""
    _order_by_score(schema_editor, "ref_order")


def order_by_score_as_before(apps: Any, schema_editor: Any) -> None:
    _order_by_score(schema_editor, "risk_id")


def _order_by_score(schema_editor: Any, tie: str) -> None:
    last = " NULLS LAST" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute("DROP INDEX position_now_score")
    schema_editor.execute(
        "CREATE INDEX position_now_score ON risks_position "
        f"(register_id, residual_score DESC{last}, {tie}) WHERE valid_to IS NULL"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_append_only"),
        ("risks", "0011_sharing"),
    ]

    operations = [
        migrations.RunPython(order_refs, migrations.RunPython.noop),
        migrations.RunPython(start_anew, migrations.RunPython.noop),
        migrations.RunPython(forget_external_ids, migrations.RunPython.noop),
        migrations.AlterField("riskalias", "risk_created_at", models.DateTimeField()),
        migrations.AddIndex(
            "position",
            models.Index(
                fields=["register", "ref_order"],
                condition=models.Q(("valid_to", None)),
                name="position_now",
            ),
        ),
        migrations.AddIndex(
            "position",
            models.Index(
                fields=[
                    "register", "state", "residual_likelihood", "residual_impact", "ref_order",
                ],
                condition=models.Q(("valid_to", None)),
                name="position_now_cell",
            ),
        ),
        migrations.RunPython(order_by_score, order_by_score_as_before),
    ]  # fmt: skip
