"""A person's messages: what belongs into them at a moment, and their words."""

from riskreg.reminders.digest.contents import DigestContents, Item, collect_digest, collect_digests
from riskreg.reminders.digest.data import SHOWN, DigestLookups, digest_data, fingerprint_of_digest
from riskreg.reminders.digest.labels import day_text, due_text
from riskreg.reminders.digest.render import render_alarm, render_with_fingerprint

__all__ = [
    "SHOWN",
    "DigestContents",
    "DigestLookups",
    "Item",
    "collect_digest",
    "collect_digests",
    "day_text",
    "digest_data",
    "due_text",
    "fingerprint_of_digest",
    "render_alarm",
    "render_with_fingerprint",
]
