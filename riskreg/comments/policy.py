"""Bounds of comments."""

import datetime as dt

from riskreg.kernel.text import TEXT_MAX

MAX_TEXT = TEXT_MAX
MAX_MENTIONS = 20
MAX_EDITS = 20
# How many somebody writes within ``PERIOD`` at most, and what the words say of it.
MAX_IN_PERIOD = 60
PERIOD = dt.timedelta(hours=1)
