"""`python -m tasks.simulate`: make a scan alone."""

import sys

from tasks.simulate.command_line import main

sys.exit(main())
