"""Large arrays in blocks that stay in a core's cache while several passes go over them."""

from . import threads

BLOCK = 128 * 1024  # floats


def blocks(count, floats_each):
    """Slices that cut `count` items, of so many floats each, into blocks of about BLOCK floats."""
    step = max(1, BLOCK // max(1, floats_each))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def for_blocks(task, count, floats_each):
    """The results of `task(block)` for every block, in order; on threads where it is worth it."""
    pieces = blocks(count, floats_each)
    share = threads.get_num_threads()
    if share == 1 or len(pieces) < 3 * share:  # waking a thread costs about a block's work
        return threads.run(task, pieces, together=False)

    def some(part):
        return [task(piece) for piece in pieces[part]]

    done = threads.run(some, threads.shares(len(pieces)))
    return [result for group in done for result in group]
