"""torch.backends: settings of libraries that minigrad does not use, to be set without effect."""

from ..names import tell_missing as _tell_missing
from . import cudnn as cudnn
from . import mps as mps

_tell_missing(__name__)
