"""`python -m tasks.report`: hold runs against each other."""

import sys

from tasks.report.command_line import main

sys.exit(main())
