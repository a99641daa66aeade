"""Writing comments, editing and withdrawing them."""

from riskreg.comments.services.writing import edit_comment, withdraw_comment, write_comment

__all__ = ["edit_comment", "withdraw_comment", "write_comment"]
