"""Proves, reading only, that a database is what its ledger says. Shares no code with the program that it checks: `checking.py`."""
