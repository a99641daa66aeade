"""The web application with the clock of ``bench.stepped``."""

import bench.stepped  # noqa: F401 - before anything has asked the clock
from config.wsgi import application

__all__ = ["application"]
