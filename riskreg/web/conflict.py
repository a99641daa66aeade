"""Two versions of one thing side by side, whatever its noun: a choice for each field.

A form keeps what it showed beside each field (``show_hidden_initial``), so that it is known what a
writer changed and what they merely sent back. Only what they changed is theirs to decide about.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.web.table_form import get_choices

_Form = TypeVar("_Form", bound=forms.Form)
_LINKS = (Type.TERMS, Type.OBJECTIVES, Type.RISKS, Type.PEOPLE)


def differences_to_decide(
    table: Table,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    seen: Mapping[str, Any],
    touched: Collection[str],
    show: Callable[[Field, Any], str],
) -> list[dict[str, Any]]:
    """Each field that the writer changed and that would now become something else.

    Values by field: as they were written, as they are now, and as the form showed them; ``show``
    puts one into words. ``{name, label, mine, theirs, both}``; ``both`` says that the other one
    changed it too. What only the other one changed is not a difference to decide: it stays as it
    is now.
    """
    rows = []
    for field in table:
        name = field.name
        if name not in touched or name not in mine:
            continue
        now = as_comparable(field, theirs[name])
        if as_comparable(field, mine[name]) == now:
            continue
        rows.append(
            {
                "name": name,
                "label": field.history,
                "mine": show(field, mine[name]),
                "theirs": show(field, theirs[name]),
                "both": name not in seen or as_comparable(field, seen[name]) != now,
            }
        )
    return rows


def as_comparable(field: Field, value: Any) -> Any:
    """``value`` so that two that mean the same are equal."""
    if field.type in _LINKS:
        return sorted(value)
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return value


def value_in_words(form: forms.BaseForm, field: Field, value: Any) -> str:
    """A value for reading; empty for nothing."""
    if field.type == Type.PERSON:
        return get_choices(form, field.name).get(value, value) if value else _("nobody")
    if field.type == Type.CHOICE:
        return str(field.choices(value).label) if value else _("not decided")
    if field.type == Type.SWITCH:
        return _("yes") if value else _("no")
    if field.type in _LINKS:
        known = get_choices(form, field.name)
        return enumerate_texts(known.get(v, v) for v in sorted(value))
    if field.type in (Type.OBJECTIVE, Type.TERM):
        return get_choices(form, field.name).get(value, value or "")
    if field.type == Type.NAMES:
        return "\n".join(value.values())
    return "" if value is None else str(value)


def seen_value(form: forms.BaseForm, name: str) -> Any:
    """What the form showed in ``name`` when it was opened, as its field reads it."""
    bound = form[name]
    widget = bound.field.hidden_widget()
    raw = widget.value_from_datadict(form.data, form.files, bound.html_initial_name)
    try:
        return bound.field.to_python(raw)
    except forms.ValidationError:
        return None


def names_to_save(request: HttpRequest, touched: Collection[str]) -> set[str]:
    """Of what the writer changed, what is to be saved: all of it, or what they chose by hand on
    the conflict page."""
    if "resolved" not in request.POST:
        return set(touched)
    return {name for name in touched if request.POST.get(f"take_{name}") == "mine"}


def old_version(request: HttpRequest) -> str:
    """The version that what was written is about, on the conflict page too."""
    return request.POST.get("kept_version") or request.POST.get("version", "")


def saved_words(ref: str, fields: Collection[str]) -> str:
    """What a writer is told after saving."""
    if fields:
        return _("%(ref)s is saved.") % {"ref": ref}
    return _("Nothing was different, so nothing was saved.")


def hidden_fields(
    data: QueryDict,
    form: forms.BaseForm,
    initial: Mapping[str, Any],
    also: Collection[tuple[str, str]] = (),
) -> list[tuple[str, str]]:
    """Hidden fields that carry what was written on, with what is there now (``initial``, and
    ``also``) as what was shown."""
    renewed = {name for name, _value in also}
    pairs = []
    for name, values in data.lists():
        if name in ("csrfmiddlewaretoken", "version", "resolved") or name in renewed:
            continue
        if name.startswith(("initial-", "take_")):
            continue
        pairs += [(name, value) for value in values]
    for name in form.fields:
        if name == "version":
            continue
        value = initial.get(name, "")
        values = value if isinstance(value, list) else ["" if value is None else value]
        pairs += [(f"initial-{name}", str(v)) for v in values]
    return [*pairs, *also]


def conflict_page_context(
    thing: Any,
    differing: list[dict[str, Any]],
    hidden: list[tuple[str, str]],
    old_version: Any,
    urls: Mapping[str, str],
    back_label: str,
) -> dict[str, Any]:
    """The context of ``conflict.html``; ``urls``: ``thing``, ``edit`` and perhaps ``history``."""
    return {
        "title": _("Somebody changed this while you were writing"),
        "thing": thing,
        "differing": [{**row, "label": capfirst(str(row["label"]))} for row in differing],
        "hidden": hidden,
        "version": thing.version,
        # Where this page is lost, the form comes back as of the version it was written on.
        "old_version": old_version,
        "urls": urls,
        "back_label": back_label,
    }


class ComparedValues(NamedTuple):
    """Values by field: what was sent, what is there now, and what the writer had seen."""

    sent: Mapping[str, Any]
    now: Mapping[str, Any]
    seen: Mapping[str, Any]


def edit_conflict_context(
    request: HttpRequest,
    table: Table,
    now: Any,
    sent_and_newest_form: tuple[forms.BaseForm, forms.BaseForm],
    values: ComparedValues,
    touched: Collection[str],
    urls: Mapping[str, str],
    back_label: str,
) -> dict[str, Any]:
    """The context of ``conflict.html`` where two edited ``now``, a thing of ``table``.

    ``sent_and_newest_form``: the form that was sent, and one of the thing as it is now.
    """
    form, newest = sent_and_newest_form
    differing = differences_to_decide(
        table, *values, touched, lambda field, value: value_in_words(form, field, value)
    )
    hidden = hidden_fields(request.POST, form, newest.initial)
    return conflict_page_context(now, differing, hidden, old_version(request), urls, back_label)


def data_over_newest_version(form: forms.BaseForm, version: int) -> dict[str, Any]:
    """What was written in ``form``, to be saved over ``version``, which is there now."""
    return {**{name: form.data[name] for name in form.data}, "version": version}


# Forms whose fields are not those of a table ------------------------------------------------------
def form_to_save(request: HttpRequest, make: Callable[[Any], _Form]) -> _Form:
    """The form as its writer sent it or, from the conflict page, with only what they chose to keep
    of theirs: all else as it is now. ``make(data)`` is the form over the row as it is now."""
    form = make(request.POST)
    if "resolved" not in request.POST:
        return form
    chosen = {name: form.data.get(name, "") for name in names_to_save(request, form.changed_data)}
    shown = {f"initial-{name}": text for name, text in _initial_texts(make(None)).items()}
    version = {"version": form.data.get("version", "")}
    return make({**_initial_texts(make(None)), **shown, **chosen, **version})


def form_conflict_context(
    request: HttpRequest,
    make: Callable[[Any], forms.Form],
    thing: Any,
    urls: Mapping[str, str],
    back_label: str,
) -> dict[str, Any]:
    """The context of ``conflict.html`` for such a form: a choice for each of its fields that the
    writer changed and that ``thing`` would now have otherwise."""
    form, now = make(request.POST), _initial_texts(make(None))
    differing = []
    for name in form.changed_data:
        mine = _trimmed_text(form.data.get(name, ""))
        if name == "version" or mine == now[name]:
            continue
        words = get_choices(form, name)
        differing.append(
            {
                "name": name,
                "label": form.fields[name].label,
                "mine": words.get(mine, mine),
                "theirs": words.get(now[name], now[name]),
                "both": _trimmed_text(seen_value(form, name)) != now[name],
            }
        )
    hidden = hidden_fields(request.POST, form, now)
    return conflict_page_context(thing, differing, hidden, old_version(request), urls, back_label)


def _initial_texts(form: forms.Form) -> dict[str, str]:
    """What a form shows that nobody has written in, as a browser sends it back."""
    return {name: _trimmed_text(form[name].initial) for name in form.fields if name != "version"}


def _trimmed_text(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()
