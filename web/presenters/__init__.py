"""The record as pages show it: values with words still to be looked up, no rows, no rules."""
