"""THE LEDGER: events in chained streams, one a case and one of the office, and what an event of any age says."""
