"""Mails: composed in the recipient's language, delivered at least once, never silent about a failure."""
