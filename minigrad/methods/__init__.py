"""Everything one can do with a Tensor, by topic; each method applies one op.

`Tensor` in tensor.py inherits all of it. `self._apply(op, *inputs, **options)` is
`minigrad.tensor.apply`, the one place where arrays become Tensors.
"""

from .chance import Chance
from .comparisons import Comparisons
from .conversion import Conversion
from .making import Making
from .math import Math
from .operators import Operators
from .reductions import Reductions
from .shaping import Shaping


class Methods(Operators, Math, Comparisons, Reductions, Shaping, Conversion, Making, Chance):
    """All methods of Tensor that need no knowledge of the graph."""

    __slots__ = ()
