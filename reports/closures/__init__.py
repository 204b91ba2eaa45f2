"""The closure report: what was chosen, the rows, the columns, and the files that are handed out."""
