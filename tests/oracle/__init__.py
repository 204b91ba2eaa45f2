"""A second opinion on deadlines, written from the rules alone."""
