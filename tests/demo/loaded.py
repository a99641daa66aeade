"""The demo, loaded once in a process for all files that read it."""

import datetime as dt

from riskreg.demo.loader import load_demo_if_absent
from tests.built_once import built_once

# A quarter of an hour into the working day of the register.
LOADED = dt.datetime(2026, 11, 24, 1, 10, tzinfo=dt.UTC)
loaded = built_once(load_demo_if_absent)
