"""The command line, `huiyin`: what may be typed, and how the program answers."""
