"""The headline of the study: PtychoPINN against the Baseline and PtyChi.

The four lines of the highlights, `vs_Baseline` and `vs_PtyChi` come from here, and no other module
names an arm.
"""

from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.reconstructions.baseline import RECONSTRUCTION as BASELINE
from tasks.catalogue.reconstructions.ptychi import RECONSTRUCTION as PTYCHI
from tasks.catalogue.reconstructions.ptychopinn import RECONSTRUCTION as PTYCHOPINN

# Deltas are of the subject minus another arm.
SUBJECT = PTYCHOPINN
OTHERS = (BASELINE, PTYCHI)
HEADLINE_ARMS = (SUBJECT, *OTHERS)
# The solver that cost and convergence are told against.
SOLVER = PTYCHI
# Compared as the headline's arms are, by additive keys; their p-values are a family of their own.
FURTHER_ARMS = tuple(arm for arm in RECONSTRUCTIONS.arms if arm not in HEADLINE_ARMS)
