"""Ratios of the program to its limits, each measured inside one run. `python -m benchmarks --help` says how to ask."""
