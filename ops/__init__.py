"""The program as it is run: command line, timers, the table of recurring jobs, the demo office, replays."""
