"""A noun's fields in JSON, from its table: as in files that go out (``register.row_json``)."""

from riskreg.register.row_json import column_of as column_of
from riskreg.register.row_json import plain_number as plain_number
from riskreg.register.row_json import row_to_json as row_to_json
from riskreg.register.row_json import to_json as to_json
