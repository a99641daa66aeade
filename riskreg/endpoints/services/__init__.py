"""Every change of a party's endpoints."""

from riskreg.endpoints.services.disabling import disable_endpoint
from riskreg.endpoints.services.endpoints import (
    MOST,
    NAME_MAX,
    TEST_KIND,
    UNREADABLE,
    add_endpoint,
    check_address,
    host_of,
    masked,
    remove,
    rename,
    rotate_secret,
    switch,
    try_out,
    where,
)

__all__ = [
    "MOST",
    "NAME_MAX",
    "TEST_KIND",
    "UNREADABLE",
    "add_endpoint",
    "check_address",
    "disable_endpoint",
    "host_of",
    "masked",
    "remove",
    "rename",
    "rotate_secret",
    "switch",
    "try_out",
    "where",
]
