"""Large arrays in blocks, so that several passes go over them while they are in the cache.

Not in small ones: a thread that waits for Python's lock wakes up in some 50 us, so threads only
work side by side if each call of NumPy takes longer than that.
"""

from . import threads

BLOCK = 512 * 1024  # numbers
SHARED = 600_000  # numbers from which on threads pay for several passes


def blocks(count, numbers_each, first=0):
    """Slices that cut `count` items, of so many numbers each, into blocks of about BLOCK."""
    step, last = max(1, BLOCK // max(1, numbers_each)), first + count
    return [slice(start, min(start + step, last)) for start in range(first, last, step)]


def is_shared(numbers):
    """Whether threads share the work on so many numbers."""
    return numbers >= SHARED and threads.get_num_threads() > 1


def for_blocks(task, count, numbers_each):
    """The results of `task(block)` for every block, in order; on threads where it is worth it.

    Matrix products in the task need `threads.one_blas_thread()` around this.
    """
    if count == 1 or not is_shared(count * numbers_each):
        return [task(block) for block in blocks(count, numbers_each)]

    def some(part):
        return [task(block) for block in blocks(part.stop - part.start, numbers_each, part.start)]

    done = threads.run(some, threads.shares(count))
    return [result for group in done for result in group]
