"""A CSV file of people to be asked in."""

import csv
import io
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.register.services.invitations import COLUMNS

FILE_MAX = 512 * 1024
# What spreadsheets of different countries put between two cells.
SEPARATORS = ",;\t"
# The cells of a line beyond those that the first line names.
BEYOND = ""


class FileForm(forms.Form):
    """Many invitations at once."""

    rows = forms.FileField(
        label=gettext_lazy("CSV file"),
        widget=forms.FileInput({"accept": ".csv,text/csv"}),
        help_text=gettext_lazy(
            "Columns: email, role, party, language; the first line names them. Up to 2,000 rows."
        ),
    )
    take_good = forms.BooleanField(
        label=gettext_lazy("Take the rows that are right, also if others are wrong"),
        required=False,
    )

    def read_rows_by_line(self) -> dict[int, dict[str, Any]]:
        """The rows by their line, as an editor counts it. Raises ``Invalid`` for no such file."""
        sent = self.cleaned_data["rows"]
        if sent.size > FILE_MAX:
            raise Invalid.one("rows", "too_large", _("At most 512 KB; split the file."))
        try:
            text = sent.read().decode("utf-8-sig")
            reader = csv.DictReader(
                io.StringIO(text, newline=""),
                strict=True,
                delimiter=_guess_separator(text),
                restkey=BEYOND,
            )
            reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
            _require_known_columns(reader.fieldnames)
            found = {line: row for row, line in ((r, reader.line_num) for r in reader)}
        except (UnicodeDecodeError, csv.Error):
            wrong = _("This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again.")
            raise Invalid.one("rows", "not_csv", wrong) from None
        if not found:
            raise Invalid.one("rows", "empty", _("There is no row below the first line."))
        return {
            line: {name: _cell_text(v) for name, v in row.items()} for line, row in found.items()
        }


def _guess_separator(text: str) -> str:
    first = text.partition("\n")[0]
    return next((mark for mark in SEPARATORS if mark in first), SEPARATORS[0])


def _require_known_columns(names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            wrong = _("There is no column “%(name)s”; columns are: %(all)s.")
            values = {"name": name[:60], "all": ", ".join(COLUMNS)}
            raise Invalid.one("rows", "unknown_column", wrong % values)


def _cell_text(value: Any) -> str:
    return (value or "").strip() if isinstance(value, str | None) else "?"
