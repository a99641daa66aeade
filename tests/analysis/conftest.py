"""What is drawn here is drawn alike in every run."""

from tests.same_ids import ids_by_test

__all__ = ["ids_by_test"]
