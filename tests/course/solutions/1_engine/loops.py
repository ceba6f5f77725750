"""Assignment 1 by loops over indices, and nodes counted down until all their users are through."""

import numpy as np

from minigrad.graph import Node


def unbroadcast(dz, shape):
    dx = np.zeros(shape)
    for index in np.ndindex(*dz.shape):
        kept = index[dz.ndim - len(shape) :]
        dx[tuple(0 if size == 1 else i for i, size in zip(kept, shape, strict=True))] += dz[index]
    return dx


def add(x, y):
    def add_backward(dz):
        return unbroadcast(dz, np.shape(x)), unbroadcast(dz, np.shape(y))

    return x + y, add_backward


def mul(x, y, *, needs=(True, True)):
    def mul_backward(dz):
        return [unbroadcast(dz * y, np.shape(x)), unbroadcast(dz * x, np.shape(y))]

    return x * y, mul_backward


def matmul(x, y, *, needs=(True, True)):
    def product(a, b):
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = np.broadcast_to(a, (*lead, *a.shape[-2:]))
        b = np.broadcast_to(b, (*lead, *b.shape[-2:]))
        c = np.zeros((*lead, a.shape[-2], b.shape[-1]))
        for index in np.ndindex(*c.shape):
            *n, i, k = index
            for j in range(a.shape[-1]):
                c[index] += a[(*n, i, j)] * b[(*n, j, k)]
        return c

    def matmul_backward(dz):
        dx = product(dz, np.swapaxes(y, -1, -2))
        dy = product(np.swapaxes(x, -1, -2), dz)
        return unbroadcast(dx, x.shape), unbroadcast(dy, y.shape)

    return product(x, y), matmul_backward


def walk_back(start, seed, retain_graph, settle, tracer=None):
    users, seen, found = {}, {start}, [start]
    while found:
        node = found.pop()
        for target in node.inputs if isinstance(node, Node) else ():
            if target is not None:
                users[target] = users.get(target, 0) + 1
                if target not in seen:
                    seen.add(target)
                    found.append(target)
    gradients, ready, leaves = {start: seed.copy()}, [start], []
    while ready:
        node = ready.pop()
        if not isinstance(node, Node):
            leaves.append(node)
            continue
        dz = gradients.pop(node)
        yield node, dz
        for target, dx in zip(node.inputs, node.backward(dz), strict=True):
            if target is not None:
                gradients.setdefault(target, np.zeros_like(dx))
                gradients[target] += dx
                users[target] -= 1
                if users[target] == 0:
                    ready.append(target)
    for leaf in leaves:
        settle(leaf, gradients[leaf])
