"""Writing tables out: as CSV, as a workbook, as JSON. Pure."""
