"""The table of cases: every public function at least once. tests/ops/ checks their properties."""

from . import (
    activation,
    arithmetic,
    attention,
    conv,
    deform,
    norm_and_loss,
    picking,
    reduce,
    shape,
    without_gradient,
)
from .table import Case

CASES: list[Case] = [
    *arithmetic.CASES,
    *reduce.CASES,
    *shape.CASES,
    *picking.CASES,
    *activation.CASES,
    *conv.CASES,
    *deform.CASES,
    *norm_and_loss.CASES,
    *attention.CASES,
]

CASES_WITHOUT_GRADIENT: list[Case] = without_gradient.CASES
