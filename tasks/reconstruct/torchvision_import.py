"""Import torchvision where its compiled operators do not load.

pty-chi needs one filter of torchvision, written in Python. Importing torchvision fails, though,
beside a torch of another build (a CPU torch and the torchvision of the CUDA index, as a plain
installation on a machine without GPU may leave them): `torchvision._meta_registrations`
describes operators, `torchvision::nms` first, that the unloaded library would have brought.
An empty module in its place leaves everything that is written in Python whole.
"""

import sys
from types import ModuleType

_REGISTRATIONS = "torchvision._meta_registrations"
_SYMPTOM = "operator torchvision::nms does not exist"


def import_torchvision() -> bool:
    """Import torchvision, without its compiled operators where they do not load.

    Returns:
        Whether the compiled operators are there.

    Raises:
        RuntimeError: If the import fails for any other reason.
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
