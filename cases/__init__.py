"""THE RECORD: tables, the only door to change a case, the ledger, the sweep, the outbox, and who may see what."""
