"""``manage.py load_demo``: the Foton–CATL demo register, once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from riskreg.demo.loader import Loaded, load_demo_if_absent
from riskreg.demo.queries import DEMO_PASSWORD, demo_members
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid, RiskregError
from riskreg.risks.models import Risk, State


class Command(BaseCommand):
    help = "Load the demo register foton-catl with its accounts; does nothing when it is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--allow-production",
            action="store_true",
            help="load it with DEBUG=0 too, although its password is public",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL and not options["allow_production"]:
            raise CommandError(
                "The demo's accounts have a password that everybody knows, and DEBUG=0 says that "
                "this is production. Use --allow-production if you want them all the same."
            )
        try:
            loaded = load_demo_if_absent(at=clock.now())
        except Invalid as invalid:
            wrong = "; ".join(
                f"{name}: {error.detail}" for name, all_ in invalid.fields.items() for error in all_
            )
            raise CommandError(f"The demo was not loaded, nothing was changed. {wrong}") from None
        except RiskregError as error:
            raise CommandError(f"The demo was not loaded, nothing was changed. {error}") from None
        with translation.override("en"):
            self._print_result(loaded)

    def _print_result(self, loaded: Loaded) -> None:
        say = self.stdout.write
        if not loaded.created:
            say(
                f"The demo register {loaded.register.slug} is here since "
                f"{loaded.register.created_at:%Y-%m-%d %H:%M} UTC; nothing was changed."
            )
        else:
            risks = Risk.objects.filter(register=loaded.register)
            say(
                self.style.SUCCESS(
                    f"Loaded {loaded.register.slug}: {risks.count()} risks, "
                    f"{risks.filter(state=State.OPEN).count()} of them open."
                )
            )
        if loaded.moved_back:
            say(
                f"This computer's clock is before the end of the demo's story: its dates were "
                f"moved back by {loaded.moved_back // 7} weeks."
            )
        say("\nAn illustration from public sources, not data of these companies.")
        say(f"Accounts, all with the password {DEMO_PASSWORD}:")
        for member in demo_members():
            party = str(member.party) if member.party else "no party"
            role = str(member.get_role_display())
            say(f"  {member.user.email:<27} {role:<13} {party:<11} {member.user}")
        say("The password is public: use the demo on this computer only (127.0.0.1).")
