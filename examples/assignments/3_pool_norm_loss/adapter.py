"""Runs in the student's process, where a function can be handed to batch_norm as `report`."""


def statistics_reported(solution, x, w, b, eps):
    """What batch_norm tells `report` in training: a pair (mean, var) for each call."""
    told = []

    def report(mean, var):
        told.append((mean, var))

    solution.batch_norm(x, w, b, eps=eps, report=report)
    return told
