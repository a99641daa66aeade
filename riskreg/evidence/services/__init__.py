"""Every write of evidence: one operation, one transaction, at least one event."""

from riskreg.evidence.services.evidence import (
    add_evidence,
    may_add,
    may_release,
    may_withdraw,
    release_evidence,
    require_may_add,
    withdraw_evidence_and_delete_file,
)
from riskreg.evidence.services.files import (
    Stored,
    check_file,
    delete_unneeded_files,
    open_checked,
    store_upload,
    too_large,
    verify_files,
)

__all__ = [
    "Stored",
    "add_evidence",
    "check_file",
    "delete_unneeded_files",
    "may_add",
    "may_release",
    "may_withdraw",
    "open_checked",
    "release_evidence",
    "require_may_add",
    "store_upload",
    "too_large",
    "verify_files",
    "withdraw_evidence_and_delete_file",
]
