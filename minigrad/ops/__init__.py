"""The ops: arrays in, the result and its own way back out.

An op is a plain function `name(x, ...)` that returns `(y, name_backward)`; `name_backward(dy)`
returns a tuple with the gradient of each input. The gradient of `x` is called `dx`. What the way
back needs, it sees as the forward's local variables, and nothing else is kept. An op without a
derivative returns None as its way back. An op with the keyword `needs` spares the gradients that
nobody wants.
"""
