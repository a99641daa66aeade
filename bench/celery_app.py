"""riskreg's own Celery application; after a failure it only waits for seconds.

What a fault run shows is that the next attempt comes and is the right one. Real waits grow from a
minute to hours, and a run would last as long.
"""

import datetime as dt

from config.celery import app
from riskreg.notify import policy

policy.FIRST_WAIT = dt.timedelta(seconds=1)
policy.LONGEST_WAIT = dt.timedelta(seconds=4)
policy.LONGEST_PAUSE = dt.timedelta(seconds=4)

__all__ = ["app"]
