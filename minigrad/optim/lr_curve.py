"""LRCurve: the loss against the learning rate, what to read off it, and its picture."""

import numpy as np

__all__ = ["LRCurve"]


class LRCurve:
    """What a range test found.

    lrs, losses, smoothed: (n,) float64, one of each for every step that had a finite loss.
    stopped: why it ended before the last rate, in words, or None.

    What to read off it: left, where nothing happens, a rate is too small; where the curve falls,
    the network learns; where it turns up, steps are longer than the valley is wide. A good
    rate lies before the turn, and as high as the fall goes on.
    """

    def __init__(self, lrs, losses, smoothed, stopped=None):
        self.lrs = lrs
        self.losses = losses
        self.smoothed = smoothed
        self.stopped = stopped

    # -- reading it

    @property
    def suggestion(self):
        """The rate at which the smoothed loss falls steepest against log(lr), up to its lowest point;
        None if it never falls. The first steps are left out, where there is little to average."""
        at = self._steepest()
        return None if at is None else float(self.lrs[at])

    @property
    def lowest(self):
        """The rate at which the smoothed loss is lowest: on the edge, already too high."""
        return float(self.lrs[np.argmin(self.smoothed)])

    @property
    def tenth_of_lowest(self):
        """The classic rule of thumb: a tenth of the rate where the smoothed loss is lowest."""
        return self.lowest / 10

    def _steepest(self):
        first = min(10, len(self.lrs) // 5)
        end = int(np.argmin(self.smoothed)) + 1
        if end - first < 2:
            return None
        slope = np.gradient(self.smoothed[first:end])
        at = int(np.argmin(slope))
        return first + at if slope[at] < 0 else None

    # -- as text

    def __repr__(self):
        n = len(self.lrs)
        lines = [f"LRCurve of {n} steps, lr {self.lrs[0]:.2g} to {self.lrs[-1]:.2g}: "
                 f"{self.stopped or 'the loss did not diverge'}"]  # fmt: skip
        if self.suggestion is None:
            lines.append("  suggestion  none: the loss never fell; begin with a lower start_lr, or look at the model")
        else:
            lines.append(f"  suggestion       {self.suggestion:8.2g}   the smoothed loss falls steepest here")
            lines.append(f"  tenth_of_lowest  {self.tenth_of_lowest:8.2g}   a tenth of {self.lowest:.2g}, where it is "
                         f"lowest ({np.min(self.smoothed):.4g})")  # fmt: skip
            if self.stopped is None and np.argmin(self.smoothed) == n - 1:
                lines.append("  the loss was still falling at the end: a higher end_lr may show more")
        return "\n".join([*lines, *self.chart()])

    def chart(self, width=64, height=10):
        """The smoothed loss against the rate, as lines of text; S marks the suggestion, L the lowest."""
        columns = np.minimum(np.arange(len(self.lrs)) * width // len(self.lrs), width - 1)
        low, high = np.min(self.smoothed), self._ceiling()
        rows = [[" "] * width for _ in range(height)]
        for column in range(width):
            here = self.smoothed[columns == column]
            if len(here) == 0:
                continue
            share = (high - np.mean(here)) / (high - low) if high > low else 0.5
            row = round(share * (height - 1))
            rows[max(row, 0)][column] = "*" if row >= 0 else "^"
        marks = [" "] * width
        for at, mark in ((int(np.argmin(self.smoothed)), "L"), (self._steepest(), "S")):
            if at is not None:
                marks[columns[at]] = mark
        labels = [f"{high:.4g}"] + [""] * (height - 2) + [f"{low:.4g}"]
        text = [f"{label:>10} |{''.join(row)}".rstrip() for label, row in zip(labels, rows, strict=True)]
        ends = f"{self.lrs[0]:.1g}", f"{self.lrs[-1]:.1g}"
        return [*text, " " * 11 + "+" + "-" * width, " " * 12 + "".join(marks).rstrip(),
                " " * 12 + ends[0] + "lr".center(width - len("".join(ends))) + ends[1]]  # fmt: skip

    def _ceiling(self):
        """Where the picture ends: a little above the highest value before the lowest; what diverges
        after that would flatten the rest."""
        before = np.max(self.smoothed[: int(np.argmin(self.smoothed)) + 1])
        low = np.min(self.smoothed)
        return min(np.max(self.smoothed), before + 0.25 * (before - low)) if before > low else np.max(self.smoothed)

    # -- as a picture

    def plot(self, ax=None):
        """Draws the losses, the smoothed loss and both suggestions; gives the Axes.

        ax: a matplotlib Axes to draw into; None makes a figure with pyplot.
        Errors: ImportError where matplotlib is not installed, saying how to install it.
        """
        if ax is None:
            _matplotlib()
            from matplotlib import pyplot

            ax = pyplot.subplots(figsize=(7, 4.2), layout="constrained")[1]
        ax.plot(self.lrs, self.losses, color="0.75", linewidth=1, label="loss")
        ax.plot(self.lrs, self.smoothed, color="tab:blue", linewidth=2, label="smoothed")
        if self.suggestion is not None:
            at = self._steepest()
            ax.plot(self.suggestion, self.smoothed[at], "o", color="tab:red",
                    label=f"suggestion {self.suggestion:.2g}: steepest")  # fmt: skip
            ax.axvline(self.tenth_of_lowest, color="tab:green", linestyle="--", linewidth=1,
                       label=f"{self.tenth_of_lowest:.2g}: a tenth of the lowest")  # fmt: skip
        low, high = min(np.min(self.losses), np.min(self.smoothed)), self._ceiling()
        if high > low:
            ax.set_ylim(low - 0.05 * (high - low), high + 0.12 * (high - low))
        ax.set_xscale("log")
        ax.set_xlim(self.lrs[0], max(self.lrs[-1], self.lrs[0] * 1.001))
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss")
        ax.legend(frameon=False)
        return ax

    def save(self, path):
        """Draws into a file, such as lr.png, without a window.

        Errors: ImportError where matplotlib is not installed, saying how to install it.
        """
        _matplotlib()
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4.2), layout="constrained")
        self.plot(figure.subplots())
        figure.savefig(path, dpi=144)


def _matplotlib():
    try:
        import matplotlib  # noqa: F401  only here: it is an extra, and slow to import
    except ImportError as error:
        raise ImportError(
            "LRCurve: drawing needs matplotlib, which is not installed: pip install '.[plot]' in minigrad's "
            "directory, or pip install matplotlib; print(curve) draws with letters"
        ) from error
