"""Numbers and words for tables. Pure: nothing here measures, reads or prints."""

from statistics import median

MIB = 1 << 20
GIB = 1 << 30


def bound_s(size_bytes, rate_mbit):
    """The time that `size_bytes` need on a link of that rate: nobody who receives all of them is faster."""
    return size_bytes * 8 / (rate_mbit * 1e6)


def spread(values, form="{:.2f}"):
    """Median and range of what was measured: "1.20 (1.10-1.43)"; a single value alone; "-" for nothing.

    None stands for a run without this figure and is left out.
    """
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    middle, low, high = (form.format(value) for value in (median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({low}-{high})"


def size_text(size_bytes):
    """A size in binary units: "5 MiB"."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {name}"
    return f"{size_bytes} bytes"


def table(head, rows):
    """A markdown table with aligned columns; the first is text, the others are numbers."""
    lines = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]])
    cells = ([text.ljust(width) if column == 0 else text.rjust(width)
              for column, (text, width) in enumerate(zip(line, widths))] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def interleave(rounds, competitors):
    """The order of the runs, A B C A B C: (round, competitor), so that a noisy moment hits all."""
    return [(number, one) for number in range(rounds) for one in competitors]


def payload_estimate(frame_bytes, frame_size, payload_size):
    """How much payload so many bytes of full frames carry."""
    return frame_bytes * payload_size / frame_size
