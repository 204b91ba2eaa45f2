"""Pipes without domain words: settings, database, columns, languages, templates, logs, the policy files on disk."""
