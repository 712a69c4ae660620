"""Reads a product with Ptychodus and saves it again; Ptychodus is found over PYTHONPATH.

Usage: ptychodus_save_child.py PRODUCT SAVED
"""

import sys
from pathlib import Path

from ptychodus.api.io import load_product, save_product

save_product(Path(sys.argv[2]), load_product(Path(sys.argv[1])))
