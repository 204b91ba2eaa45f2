"""The routes, one file a question a page answers. Importing them all is what puts them into the table of routes."""

from web.routes import assessment, cases, closures, health, mails, people, policy, public, signin, work_list

__all__ = ["assessment", "cases", "closures", "health", "mails", "people", "policy", "public", "signin", "work_list"]
