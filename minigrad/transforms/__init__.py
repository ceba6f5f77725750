"""Image transforms under torchvision's names, on NumPy arrays and Tensors, without Pillow.

Every transform works on one image, `transform(image)`, and at once on many,
`transform.batch(images)`. The random ones draw for each image anew.
"""

from ..names import tell_missing as _tell_missing
from .base import Compose as Compose
from .base import Lambda as Lambda
from .base import Normalize as Normalize
from .base import ToTensor as ToTensor
from .base import Transform as Transform
from .base import apply_to_batch as apply_to_batch
from .erase import RandomErasing as RandomErasing
from .spatial import CenterCrop as CenterCrop
from .spatial import Pad as Pad
from .spatial import RandomCrop as RandomCrop
from .spatial import RandomHorizontalFlip as RandomHorizontalFlip
from .spatial import RandomVerticalFlip as RandomVerticalFlip
from .spatial import Resize as Resize
from .warp import RandomAffine as RandomAffine
from .warp import RandomRotation as RandomRotation

_tell_missing(__name__)
