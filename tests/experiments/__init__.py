"""Experiments: the program under conditions that no test suite has time for, with figures. `./dev experiments`."""
