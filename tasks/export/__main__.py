"""Entry of `python -m tasks.export`."""

import sys

from tasks.export.command_line import main

if __name__ == "__main__":
    sys.exit(main())
