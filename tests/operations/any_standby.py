"""The web application with a fault: it takes any standby for one that has everything."""

from config.wsgi import application
from riskreg.kernel import replica

replica._Replica.wait_until_caught_up = lambda self: True  # type: ignore[method-assign]

__all__ = ["application"]
