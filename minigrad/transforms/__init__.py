"""Image transforms under torchvision's names, on NumPy arrays, Tensors and Pillow's images.

Every transform works on one image, `transform(image)`, and at once on many,
`transform.batch(images)`. The random ones draw for each image anew.
"""

from ..names import tell_missing as _tell_missing
from . import functional as functional
from .base import Compose as Compose
from .base import Lambda as Lambda
from .base import Normalize as Normalize
from .base import ToTensor as ToTensor
from .base import Transform as Transform
from .base import apply_to_batch as apply_to_batch
from .color import ColorJitter as ColorJitter
from .color import Grayscale as Grayscale
from .convert import ConvertImageDtype as ConvertImageDtype
from .convert import PILToTensor as PILToTensor
from .convert import ToPILImage as ToPILImage
from .crop import RandomResizedCrop as RandomResizedCrop
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
