"""`python verify DATABASE`: the folder run as a plain script, by somebody who has not the program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where this folder is found by its name

from verify.checking import main

if __name__ == "__main__":
    sys.exit(main())
