"""THE RECORD: tables, the only door to change a case, the sweep, the outbox, and who may see what."""
