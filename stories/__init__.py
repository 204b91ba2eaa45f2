"""A case written down step by step, and told to a database: for replays, tests and the demo."""
