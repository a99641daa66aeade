"""What an option says about being the gate of another one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.decisions.models import Decision, Option
from riskreg.decisions.policy.gates import AMOUNTS, CHANCES, FIELDS
from riskreg.kernel.errors import Errors
from riskreg.register.cleaning import clean_choice, clean_number
from riskreg.register.labels import Label


def option_with_gate_about(row: Decision, key: str) -> Option | None:
    """The option that finds out about option ``key``, if there is one."""
    gates = row.options.filter(gate__isnull=False).order_by("key")
    return next((one for one in gates if one.gate and one.gate["decides"] == key), None)


def clean_gate(
    errors: Errors, row: Decision, option: Option | None, value: Any
) -> dict[str, Any] | None:
    """{decides, chance, hit, false_alarm, gain, loss, label}, chances in per cent; None: it is no
    gate. Notes each wrong field as ``gate.NAME``. ``option``: None for one that is made."""
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        text = _("A gate says which option it decides about, and with which chances and amounts.")
        errors.add("gate", "not_an_object", text)
        return None
    if option is not None and option.is_nothing:
        text = _("Doing nothing finds nothing out; make another option of this.")
        errors.add("gate", "nothing_is_nothing", text)
        return None
    for name in value:
        if name not in FIELDS:
            errors.add(f"gate.{str(name)[:60]}", "unknown_field", _("A gate has no such field."))
    own = option.key if option is not None else ""
    if option is not None and option_with_gate_about(row, own) is not None:
        text = _("Another option finds out about this one: a gate is not the gate of a gate.")
        errors.add("gate.decides", "in_use", text)
    others = row.options.filter(is_nothing=False, gate__isnull=True).exclude(key=own)
    keys = list(others.order_by("key").values_list("key", flat=True))
    found: dict[str, Any] = {
        "decides": clean_choice(errors, "gate.decides", value.get("decides"), keys, True)
    }
    numbers = {
        name: _clean_required_number(errors, name, value.get(name)) for name in (*CHANCES, *AMOUNTS)
    }
    _check_gate_numbers(errors, numbers)
    found |= {
        name: None if number is None else f"{number.normalize():f}"
        for name, number in numbers.items()
    }
    found["label"] = clean_choice(errors, "gate.label", value.get("label"), Label.values, True)
    return found


def _clean_required_number(errors: Errors, name: str, value: Any) -> Any:
    where = f"gate.{name}"
    if value is None or value == "":
        errors.add(where, "required", _("This is needed."))
        return None
    return clean_number(errors, where, value)


def _check_gate_numbers(errors: Errors, numbers: Mapping[str, Any]) -> None:
    chance, hit, alarm = (numbers[name] for name in CHANCES)
    if chance is not None and not 0 < chance < 100:
        text = _("Say a chance above 0 and below 100 %: what is certain needs no finding out.")
        errors.add("gate.chance", "out_of_range", text)
    for name in ("hit", "false_alarm"):
        if numbers[name] is not None and not 0 <= numbers[name] <= 100:
            errors.add(f"gate.{name}", "out_of_range", _("Say a chance from 0 to 100 %."))
    if hit is not None and alarm is not None and hit <= alarm:
        text = _("It must say go more often where it would succeed than where it would not; "
                 "else it tells nothing.")  # fmt: skip
        errors.add("gate.false_alarm", "out_of_range", text)
    for name in AMOUNTS:
        if numbers[name] is not None and numbers[name] <= 0:
            errors.add(f"gate.{name}", "out_of_range", _("Say an amount above zero."))
