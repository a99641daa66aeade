"""Every act of bringing in: one operation, one transaction, at least one event."""

from riskreg.exchange.services.committing import check_rows, commit_import
from riskreg.exchange.services.preview import Brought, bring_in, preview_import

__all__ = ["Brought", "bring_in", "check_rows", "commit_import", "preview_import"]
