"""The record itself for people: as it was known at an instant, sealed in a pack, its receipts and its numbers."""
