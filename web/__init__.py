"""The pages. Who asks and when is read once (`context.py`); every route says who may use it (`access.py`)."""
