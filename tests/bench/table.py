#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the table of docs/performance.md from a result of tests/bench/run.py.

Usage: tests/bench/table.py RESULT.json
"""
import json
import sys
from statistics import median

SIZES = ((4096, "4 KiB"), (65536, "64 KiB"), (1 << 20, "1 MiB"),
         (16 << 20, "16 MiB"), (64 << 20, "64 MiB"))
DEPTHS = (1, 4, 16, 64)


def three_digits(value):
    if value >= 1000:
        return "%d" % round(value, 3 - len("%d" % value))
    return "%.*f" % (0 if value >= 100 else 1 if value >= 10 else 2, value)


def show_ratio(value):
    return "%.2f" % value if 0.1 <= value < 10 else "%.2g" % value if value < 1 else three_digits(value)


def show(value, unit):
    if unit == "ns":
        for factor, name in ((1e6, "ms"), (1e3, "µs")):
            if value >= factor:
                return "%s %s" % (three_digits(value / factor), name)
        return three_digits(value) + " ns"
    if unit == "bytes/s":
        return "%s MB/s" % three_digits(value / 1e6)
    return three_digits(value) + "/s"


class Result:
    """The rounds of one run. A figure is a side ("guest", "null", "host") and a name."""

    def __init__(self, rounds):
        self.rounds = rounds

    def each(self, figure, field="median"):
        side, name = figure
        return [r[side][name][field] for r in self.rounds if field in r[side].get(name, {})]

    def unit(self, figure):
        return self.rounds[0][figure[0]][figure[1]]["unit"]

    def skipped(self, figure):
        return self.rounds[0][figure[0]][figure[1]].get("skipped")

    def text(self, figure):
        why = self.skipped(figure)
        if why:
            return "skipped: " + why
        unit = self.unit(figure)
        text = show(median(self.each(figure)), unit)
        if figure[1] in ("nop", "request", "echo-4096-time", "disk-4096-time"):
            text += " (%s at least, 99 %% below %s)" % (
                show(min(self.each(figure, "min")), unit),
                show(median(self.each(figure, "p99")), unit))
        commands = sum(self.each(figure, "commands"))
        if commands:
            text += ", %.2f doorbells and %.2f interrupts each" % (
                sum(self.each(figure, "doorbells")) / commands,
                sum(self.each(figure, "interrupts")) / commands)
        return text

    def ratio(self, figure, peer):
        """Of each round, and of these the median: a loaded round does not count more."""
        if self.skipped(figure) or self.skipped(peer):
            return ""
        ratios = [a / b for a, b in zip(self.each(figure), self.each(peer))]
        return show_ratio(median(ratios))


def guest(name):
    return ("guest", name)


def rows():
    """What it is, its figure; what is beside it, that figure."""
    disk = ("the virtio disk's read of 4 KiB", guest("disk-4096-time"))
    yield ("Register read", guest("register"), "", None)
    yield ("Empty command, there and back", guest("nop"), *disk)
    yield ("Echo of 4 KiB, there and back", guest("echo-4096-time"), *disk)
    yield ("Empty request to the worker, there and back", ("null", "request"),
           "the empty command", guest("nop"))
    for depth in DEPTHS:
        yield ("Empty commands, %d at once" % depth, guest("depth-%d" % depth),
               "1 at once", guest("depth-1"))
    for size, name in SIZES:
        for what, peer in (("the virtio disk's read", guest("disk-%d" % size)),
                           ("memcpy in the guest", guest("memcpy-%d" % size)),
                           ("memcpy on the host", ("host", "memcpy-%d" % size))):
            yield ("Echo, " + name, guest("echo-%d" % size), what, peer)
    for kernel, name in (("kernel-add", "Short OpenCL kernel"),
                         ("kernel-work", "Long OpenCL kernel")):
        yield (name + ", built and run", guest(kernel),
               "on the host, the same steps", ("host", kernel))
        yield (name + ", built and run", guest(kernel),
               "on the host, built before", ("host", kernel + "-built"))
        yield (name + ", its time on the accelerator", guest(kernel + "-device"),
               "on the host", ("host", kernel + "-device"))


def description(machine):
    return ("QEMU %(qemu)s with %(accelerator)s, a guest of %(guest_processors)d processors "
            "and Linux %(guest_kernel)s, on a host of %(processors)d (%(processor)s) with "
            "Linux %(host_kernel)s; medians of %(rounds)d rounds with %(slice_ms)d ms for each "
            "figure; the host's load was %(load_before).1f before and %(load_after).1f after."
            % machine)


def of(result):
    rounds = Result(result["rounds"])
    lines = [description(result["machine"]), "",
             "| | Here | Beside it | | Ratio |", "|---|---|---|---|---|"]
    last = None
    for name, figure, what, peer in rows():
        # What stands in the line above is not said again.
        same = figure == last
        lines.append("| %s | %s | %s | %s | %s |" % (
            "" if same else name, "" if same else rounds.text(figure), what,
            rounds.text(peer).split(" (")[0].split(", ")[0] if peer else "",
            rounds.ratio(figure, peer) if peer else ""))
        last = figure
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="ascii") as source:
        print(of(json.load(source)), end="")
