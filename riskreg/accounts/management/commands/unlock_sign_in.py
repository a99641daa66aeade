"""``manage.py unlock_sign_in --account E-MAIL``, ``--client ADDRESS`` or ``--all``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.services.sign_in import account_hash, client_hash, delete_failed_attempts
from riskreg.kernel.client import client_key_of_ip_or_empty


class Command(BaseCommand):
    help = "Let an account, a client or everybody sign in again at once after failed attempts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", default="", metavar="E-MAIL", help="of that account only")
        parser.add_argument("--client", default="", metavar="ADDRESS", help="from there only")
        parser.add_argument("--all", action="store_true", help="of all accounts from everywhere")

    def handle(self, *args: Any, **options: Any) -> None:
        account, client = options["account"], options["client"]
        if options["all"] == bool(account or client):
            raise CommandError("Name --account, --client or both, or else --all.")
        network = client_key_of_ip_or_empty(client)
        if client and not network:
            raise CommandError(f"--client: {client} is not an IP address.")
        count = delete_failed_attempts(address=account, network=network)
        if account:
            self.stdout.write(f"In the log this account is {account_hash(account)[:12]}.")
        if client:
            self.stdout.write(f"In the log this client is {client_hash(network)[:12]}.")
        self.stdout.write(f"{count} failed attempts forgotten.")
