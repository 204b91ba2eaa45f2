"""What the record adds up to: the year-end assessment and the closure report, with the sheets they are written to."""
