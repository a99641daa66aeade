"""``manage.py changepassword E-MAIL``: Django's command, by our services."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.asking import ask_password
from riskreg.accounts.models import User
from riskreg.accounts.services.administration import set_password
from riskreg.kernel import clock


class Command(BaseCommand):
    help = "Ask for a new password of an account and set it; it is logged and the owner told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']}.")
        password = ask_password(user, self.stderr.write)
        set_password(user=user, password=password, at=clock.now(), actor_for_log=None)
        self.stdout.write(f"The password of {user.email} was changed.")
