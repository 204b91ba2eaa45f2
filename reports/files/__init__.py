"""What reports are written to: sheets, papers, and what was handed out."""
