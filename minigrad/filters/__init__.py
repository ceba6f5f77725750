"""The classical image filters: kernels chosen by hand, where a convolution layer learns its own.

`apply` slides a kernel over an image, `canny` finds edges, and `as_conv2d` puts kernels into a
Conv2d. Images are arrays (H, W) or (H, W, C), as files have them, or Tensors ([N,] C, H, W).
"""

from .canny import CannyStages as CannyStages
from .canny import canny as canny
from .canny import grayscale as grayscale
from .filtering import Gradient as Gradient
from .filtering import UnsharpMask as UnsharpMask
from .filtering import apply as apply
from .filtering import gradient as gradient
from .filtering import unsharp_mask as unsharp_mask
from .kernels import box as box
from .kernels import emboss as emboss
from .kernels import gaussian as gaussian
from .kernels import identity as identity
from .kernels import laplacian as laplacian
from .kernels import prewitt_x as prewitt_x
from .kernels import prewitt_y as prewitt_y
from .kernels import scharr_x as scharr_x
from .kernels import scharr_y as scharr_y
from .kernels import sharpen as sharpen
from .kernels import sobel_x as sobel_x
from .kernels import sobel_y as sobel_y
from .layer import as_conv2d as as_conv2d
