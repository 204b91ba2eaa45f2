"""The rules of the field as pure functions on frozen values: no database, no clock, no language."""
