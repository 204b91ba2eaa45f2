"""The routes of the interface, one file a question; importing them puts them into the table that the pages are in."""

from api.routes import cases, description, feed, me, orders

__all__ = ["cases", "description", "feed", "me", "orders"]
