"""Risks in the formats that others have laid down for them, risk by risk."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from riskreg.exchange.writing.files import AboutLine, encode_in_pieces
from riskreg.exchange.writing.jsons import IR8286_NAMES, ir8286_rows, json_pieces
from riskreg.exchange.writing.oscal import oscal_pieces
from riskreg.register.models import Register


def risk_file_pieces(
    kind: str,
    register: Register,
    rows: Iterable[Mapping[str, Any]],
    about: Sequence[AboutLine],
    at: dt.datetime,
) -> Iterator[bytes]:
    """``rows`` of ``export_rows`` as NIST IR 8286 or OSCAL."""
    if kind == "oscal":
        return encode_in_pieces(
            oscal_pieces(rows, register=register.uuid, title=register.name, at=at)
        )
    return encode_in_pieces(json_pieces(ir8286_rows(rows), IR8286_NAMES, dict(about)))
