"""torch.backends: settings of libraries that minigrad does not use, to be set without effect."""

from . import cudnn as cudnn
from . import mps as mps
