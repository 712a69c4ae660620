"""The rules of `tasks.catalogue.quality_flags`, where reports look for them."""

from tasks.catalogue.quality_flags import CONTROLS as CONTROLS
from tasks.catalogue.quality_flags import HIGHER_IS_BETTER as HIGHER_IS_BETTER
from tasks.catalogue.quality_flags import PARTS as PARTS
from tasks.catalogue.quality_flags import disagreements as disagreements
from tasks.catalogue.quality_flags import flags_of as flags_of
from tasks.catalogue.quality_flags import table_of as table_of
