"""``manage.py permissions_table``: who may do what, as the page docs/permissions.md."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from riskreg.register.models import Role
from riskreg.register.permissions import PERMISSIONS, Reach

PAGE = Path(settings.BASE_DIR) / "docs" / "permissions.md"
_CELLS = {Reach.NONE: "–", Reach.OWN: "own", Reach.PARTY: "party", Reach.ANY: "all"}
_HEAD = """\
# Who may do what

Made by `manage.py permissions_table --write`; do not edit by hand.

- **own**: what one owns or deputises for.
- **party**: what is one's party's, and what one owns or deputises for.
- **all**: everything one can see.
- **–**: not at all.

Seeing comes first: what is another party's own does not exist for a member, whatever this table
says; it is answered for as a thing that is not there.
"""


def permissions_page() -> str:
    """The page as Markdown, in English whatever language is active."""
    with translation.override("en"):
        names = [str(role.label) for role in Role]
    lines = [_HEAD, "| action | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for action, reaches in PERMISSIONS.items():
        cells = " | ".join(_CELLS[reaches[role.value]] for role in Role)
        lines.append(f"| `{action}` | {cells} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Print who may do what as a Markdown page; with --write, into docs/permissions.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/permissions.md")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            PAGE.write_text(permissions_page(), encoding="utf-8")
        else:
            self.stdout.write(permissions_page(), ending="")
