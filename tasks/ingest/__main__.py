"""`python -m tasks.ingest`: check or import a measured scan alone."""

import sys

from tasks.ingest.command_line import main

sys.exit(main())
