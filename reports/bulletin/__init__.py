"""The monthly bulletin and the yearly statistics."""
