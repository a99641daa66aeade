"""``manage.py create_register --slug S --name N --party key:Name … --manager key:e-mail …``."""

import datetime as dt
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.kernel import clock
from riskreg.kernel.errors import RiskregError
from riskreg.register.frame_templates import (
    CLASSIFICATIONS,
    DEFAULT_SCALE,
    NO_CLASSIFICATION,
    SCALES,
)
from riskreg.register.services.creation import (
    Wanted,
    WantedMember,
    create_or_complete_register,
    register_to_json,
)


class Command(BaseCommand):
    help = (
        "Make a register, or add to it what it lacks: parties, managers, a classification. Run "
        "again it changes nothing. The first manager named makes it and needs an account."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--slug", required=True, help="its name in addresses")
        parser.add_argument("--name", required=True, help="its name in English")
        parser.add_argument("--name-zh", default="", help="its name in Chinese")
        parser.add_argument(
            "--template",
            default=NO_CLASSIFICATION,
            choices=[*CLASSIFICATIONS, NO_CLASSIFICATION],
            help="the classification that it starts with (default: none)",
        )
        parser.add_argument("--scale", default=DEFAULT_SCALE, choices=SCALES)
        parser.add_argument(
            "--party", action="append", default=[], metavar="KEY:NAME", help="once for each party"
        )
        parser.add_argument(
            "--prefix",
            action="append",
            default=[],
            metavar="KEY:LETTERS",
            help="how refs of a party's own begin (default: chosen from its key)",
        )
        parser.add_argument(
            "--manager",
            action="append",
            default=[],
            metavar="KEY:E-MAIL",
            help="a manager of that party; who has no account yet is invited by mail",
        )
        parser.add_argument(
            "--member",
            action="append",
            default=[],
            metavar="KEY:ROLE:E-MAIL",
            help="somebody else of that party; KEY is left empty for auditors and viewers of none",
        )
        parser.add_argument(
            "--objective",
            action="append",
            default=[],
            metavar="KEY:NAME:VALUE:UNIT:DAY",
            help="a target that all see, of the first manager's party; DAY as 2030-12-31",
        )
        parser.add_argument("--currency", default="", help="ISO 4217 (default: EUR)")
        parser.add_argument(
            "--time-zone", default="", help="IANA name (default: the first manager's)"
        )
        parser.add_argument(
            "--language",
            action="append",
            default=[],
            help="en or zh-hans, once for each (default: both)",
        )
        parser.add_argument("--json", action="store_true", help="print what is there as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        prefixes = dict(_parse_key_and_value("--prefix", text) for text in options["prefix"])
        parties = [_parse_key_and_value("--party", text) for text in options["party"]]
        for key in set(prefixes) - {key for key, _name in parties}:
            raise CommandError(f"--prefix: there is no --party {key}.")
        names = {"en": options["name"]}
        if options["name_zh"]:
            names["zh-hans"] = options["name_zh"]
        wanted = Wanted(
            slug=options["slug"],
            names=names,
            parties=[
                {"key": key, "names": {"en": name}, "prefix": prefixes.get(key, "")}
                for key, name in parties
            ],
            managers=[_parse_key_and_value("--manager", text) for text in options["manager"]],
            members=[_parse_member(text) for text in options["member"]],
            objectives=[_parse_objective(text) for text in options["objective"]],
            classification=options["template"],
            scale=options["scale"],
            currency=options["currency"],
            time_zone=options["time_zone"],
            languages=options["language"],
        )
        try:
            register, created = create_or_complete_register(wanted, at=clock.now())
        except RiskregError as error:
            fields = getattr(error, "fields", {})
            sentences = [f"{name}: {e.detail}" for name, errors in fields.items() for e in errors]
            raise CommandError("; ".join(sentences) or error.detail) from None
        found = {**register_to_json(register), "created": created}
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        self.stdout.write(f"{found['url']}  {'was made' if created else 'was there already'}.")
        for row in found["waiting"]:
            self.stdout.write(f"{row['ref']}  {row['party']}: waits for a yes of the other parties")
        for party in found["parties"]:
            people = ", ".join(f"{m['email']} ({m['state']})" for m in party["managers"])
            self.stdout.write(f"{party['prefix']}  {party['key']}: {people or 'no manager yet'}")


def _parse_key_and_value(option: str, text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not colon or not key.strip() or not value.strip():
        raise CommandError(f"{option} is written KEY:VALUE, not {text!r}.")
    return key.strip(), value.strip()


def _parse_member(text: str) -> WantedMember:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 3 or not all(parts[1:]):
        raise CommandError(f"--member is written KEY:ROLE:E-MAIL, not {text!r}.")
    return WantedMember(*parts)


def _parse_objective(text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 5 or not all(parts):
        raise CommandError(f"--objective is written KEY:NAME:VALUE:UNIT:DAY, not {text!r}.")
    key, name, value, unit, day = parts
    try:
        due_on = dt.date.fromisoformat(day)
    except ValueError:
        raise CommandError(f"--objective: {day!r} is no day; write it as 2030-12-31.") from None
    return {
        "key": key,
        "names": {"en": name},
        "value": value,
        "unit": unit,
        "due_on": due_on,
        "label": "judgement",
    }
