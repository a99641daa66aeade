"""What the printed record of a decision says: the same as its page, in the reader's language."""

from typing import Any

from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from riskreg.decisions.models import Decision
from riskreg.decisions.queries.records import record_of_taken_decision_in_words
from riskreg.kernel import clock
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer
from riskreg.register.labels import Label
from riskreg.register.visibility import Visibility

Block = dict[str, Any]


def decision_record_for_pdf(viewer: Viewer, row: Decision) -> dict[str, Any]:
    """The record of ``row`` (read by ``decision_taken_for``) as the blocks that a PDF is drawn from
    (``writing.record_pdf``)."""
    record = record_of_taken_decision_in_words(viewer, row)
    assert row.decided_at is not None  # noqa: S101 - it was decided
    decided = clock.local_date(row.decided_at, viewer.register.time_zone)
    register = viewer.register
    scope = _("Every party sees this decision.")
    if row.visibility == Visibility.PARTY:
        scope = _("This decision is %(party)s's own.") % {"party": row.party}
    return {
        "language": get_language() or "en",
        "ref": row.ref,
        "title": record["question"],
        "register": register.name,
        "notice": " · ".join(filter(None, [register.notice, scope])),
        "day": decided,
        "digest": row.digest,
        "digest_label": _("Hash of the record (SHA-256), also in the log of events:"),
        "lead": _("What was known when it was decided; it does not change."),
        "blocks": [
            _facts_block(record, date_format(decided, "DATE_FORMAT")),
            _options_block(record, register.currency),
            *(block for gate in record["gates"] for block in _gate_blocks(gate)),
            *_weighing_blocks(record["weighing"], register.currency, viewer.register.time_zone),
            *_arguments_blocks(record),
            _votes_block(record),
            *_conditions_blocks(record),
        ],
    }


def _name_or_empty(person: Any) -> str:
    return str(person["name"]) if person else ""


def _facts_block(record: dict[str, Any], decided_on_text: str) -> Block:
    risks = "\n".join(f"{r['ref']} {r['title']}{in_brackets(r['rating'])}" for r in record["risks"])
    recommended = " ".join(filter(None, [record["recommended"], record["advice"]]))
    review_on = record["review_on"]
    rows = [
        [_("Decided on"), decided_on_text],
        [_("Option"), record["chosen"]],
        [_("Why"), record["rationale"]],
        [_("Although something had moved"), record["despite"]],
        [_("Chosen by"), _name_or_empty(record["chosen_by"])],
        [_("Asked by"), _name_or_empty(record["asked_by"])],
        [_("Background"), record["context"]],
        [_("Risks"), risks],
        [_("Criteria"), _("Version %(n)s") % {"n": record["criteria"]}],
        [_("Recommended"), recommended],
        [_("Looked at again on"), date_format(review_on, "DATE_FORMAT") if review_on else ""],
    ]
    return {"kind": "facts", "rows": [[label, text or ""] for label, text in rows if text]}


def _table_block(
    caption: str, head: list[str], widths: list[float], rows: list[list[str]]
) -> Block:
    return {"kind": "table", "caption": caption, "head": head, "widths": widths, "rows": rows}


def _options_block(record: dict[str, Any], currency: str) -> Block:
    rows = []
    for option in record["options"]:
        costs = [
            f"{c['year']} · {c['party']}: {floatformat(c['amount'], '-2g')} {currency}"
            for c in option.get("costs", [])
        ]
        works = ", ".join(option.get("mitigations", []))
        rows.append(
            [option["key"], option["title"], option.get("effects", ""), "; ".join(costs), works]
        )
    head = [_("Option"), _("Title"), _("What it brings"), _("Costs"), _("Mitigations")]
    return _table_block(_("Options"), head, [1.4, 4, 4, 4, 2], rows)


def _gate_blocks(gate: dict[str, Any]) -> list[Block]:
    """What finding out first is worth, from the numbers that the record has kept."""
    what = _("%(gate)s is the gate of %(decides)s, in %(currency)s (%(label)s)") % {
        **gate, "gate": gate["key"], "label": Label(gate["label"]).label,
    }  # fmt: skip
    ways = [[f"{w['key']} {w['title']}", w["value"], w["lost"], w["regret"]] for w in gate["ways"]]
    head = [_("Option"), _("Expected value"), _("Chance of loss"), _("Largest regret")]
    tree = [["· " * line["level"] + line["text"], line["value"]] for line in gate["tree"]]
    worth = _("worth %(sample)s, costs %(cost)s; all knowledge at most %(perfect)s") % gate
    facts = [[_("What the gate tells"), worth], [_("The choice flips"), " · ".join(gate["flips"])]]
    return [
        _table_block(what, head, [6, 3, 3, 3], ways),
        _table_block(_("The tree behind it"), [_("Way"), _("Worth")], [9, 3], tree),
        {"kind": "facts", "rows": [row for row in facts if row[1]]},
    ]


def _weighing_blocks(found: dict[str, Any] | None, currency: str, zone: str) -> list[Block]:
    """What the options came to, as the record has kept it."""
    if found is None:
        return []
    day = date_format(clock.local_date(found["at"], zone), "DATE_FORMAT")
    what = _("What the options came to, in %(currency)s: weighed on %(day)s (%(label)s)") % {
        "currency": currency,
        "day": day,
        "label": Label(found["label"]).label,
    }
    if found["stale"]:
        what = f"{what} · {_('something had moved since')}"
    names = ("cost", "mean", "bad", "difference", "net", "lost", "regret")
    rows = [[one["key"], *(one[name] or "–" for name in names)] for one in found["rows"]]
    head = [
        _("Option"),
        _("It costs"),
        _("Expected year"),
        _("A bad year, 1 in 20"),
        _("Beside doing nothing, a year"),
        _("Cost and losses in %(years)s years") % {"years": found["horizon"]},
        _("Chance of loss"),
        _("Regret, 1 in 20"),
    ]
    facts = [[_("Comes to least"), found["best"]]]
    if asked := found["information"]:
        facts.append(
            [_("To know everything uncertain before choosing is worth at most"), asked["all"]]
        )
        if asked["each"]:
            facts.append([_("Ask first, worth at most"), "\n".join(asked["each"])])
    return [
        _table_block(what, head, [1.4, 3, 3, 3, 3, 3, 2.4, 3], rows),
        {"kind": "facts", "rows": facts},
    ]


def _arguments_blocks(record: dict[str, Any]) -> list[Block]:
    stances = {"for": pgettext("stance", "for"), "against": pgettext("stance", "against")}
    rows = [
        [
            one["option"] or "",
            stances.get(one["stance"], one["stance"]),
            one["text"],
            f"{_name_or_empty(one['by'])} · {one['party']}",
        ]
        for one in record["arguments"]
    ]
    head = [_("Option"), _("Stance"), _("Argument"), _("By")]
    return [_table_block(_("Arguments"), head, [1.4, 1.6, 7, 4], rows)] if rows else []


def _votes_block(record: dict[str, Any]) -> Block:
    rows = [
        [
            one["party"],
            _name_or_empty(one["by"]),
            _("yes") if one["answer"] == "yes" else _("no"),
            one["words"],
        ]
        for one in record["votes"]
    ]
    head = [_("Party"), _("By"), _("Answer"), _("Words")]
    return _table_block(_("Answers of the parties"), head, [3, 4, 2, 5], rows)


def _conditions_blocks(record: dict[str, Any]) -> list[Block]:
    rows = [
        [
            one["text"],
            date_format(one["due_on"], "DATE_FORMAT"),
            _("before it is in force") if one.get("before") else "",
        ]
        for one in record["conditions"]
    ]
    head = [_("Condition"), _("Due"), _("When")]
    return [_table_block(_("Conditions"), head, [8, 3, 3], rows)] if rows else []
