"""From rounds to ratios and verdicts."""

import dataclasses
import statistics

# A bar is missed only when both ratios miss it by more than this.
SLACK = 0.9


@dataclasses.dataclass
class Ratio:
    """How much better the first is than the second: above 1 is better."""

    median: float
    low: float
    high: float
    minima: float

    def __str__(self):
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f}), minima {self.minima:.2f}"


def cpu(ours, theirs):
    """By CPU time: the peer's over ours, round by round."""
    return ratio([s.cpu for s in theirs], [s.cpu for s in ours])


def rate(ours, theirs):
    return ratio([s.rate for s in ours], [s.rate for s in theirs], best=max)


def ratio(above, below, best=min):
    each = sorted(a / b for a, b in zip(above, below) if b)
    if not each:
        return Ratio(0, 0, 0, 0)
    return Ratio(statistics.median(each), each[0], each[-1], best(above) / best(below))


def verdict(measured, bar):
    """`yes`, `near` (within the slack by one of the ratios), or `missed`."""
    if measured.median >= bar and measured.minima >= bar:
        return "yes"
    if measured.median >= bar * SLACK or measured.minima >= bar * SLACK:
        return "near"
    return "missed"
