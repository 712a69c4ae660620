"""Import torchvision where its compiled operators do not load.

pty-chi needs one filter of torchvision, written in Python. Importing torchvision fails, though,
beside a torch of another build (as a plain installation on a machine without GPU may leave them):
`torchvision._meta_registrations` describes operators that the unloaded library would have brought.
An empty module in its place leaves everything that is written in Python whole.
"""

import sys
from types import ModuleType

_REGISTRATIONS = "torchvision._meta_registrations"
_SYMPTOM = "operator torchvision::nms does not exist"


def import_torchvision() -> bool:
    """Import torchvision; return whether its compiled operators are there too.

    RuntimeError if the import fails for any other reason than those.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if _SYMPTOM not in str(error):
            raise
    else:
        return bool(torchvision.extension._has_ops())
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules[_REGISTRATIONS] = ModuleType(_REGISTRATIONS, "Left out: no compiled operators.")
    import torchvision

    return False
