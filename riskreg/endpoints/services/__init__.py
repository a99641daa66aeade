"""Every change of a party's endpoints."""

from riskreg.endpoints.services.disabling import disable_endpoint
from riskreg.endpoints.services.endpoints import (
    MOST,
    NAME_MAX,
    TEST_KIND,
    UNREADABLE,
    add_endpoint,
    check_address,
    host_of_endpoint,
    mask_address,
    masked_address_of,
    queue_test_message,
    remove,
    rename,
    rotate_secret,
    switch_on_or_off,
)

__all__ = [
    "MOST",
    "NAME_MAX",
    "TEST_KIND",
    "UNREADABLE",
    "add_endpoint",
    "check_address",
    "disable_endpoint",
    "host_of_endpoint",
    "mask_address",
    "masked_address_of",
    "queue_test_message",
    "remove",
    "rename",
    "rotate_secret",
    "switch_on_or_off",
]
