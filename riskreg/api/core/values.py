"""How values look in JSON: as in every file that goes out (``register.row_json``)."""

from riskreg.register.row_json import day as day
from riskreg.register.row_json import named as named
from riskreg.register.row_json import person as person
from riskreg.register.row_json import time as time
