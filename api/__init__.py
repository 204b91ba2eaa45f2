"""The interface for programs, /api/v1: the same commands, reads and refusals as the pages, as JSON (docs/decisions/0037)."""
