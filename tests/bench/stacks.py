"""Whose memory it is, and whose time: reads what heaptrack_print and perf write."""

import re

# Rooms of the operator. `base` comes last: what it holds it holds for one of the others.
OURS = re.compile(r"^(acme|api|certificate|check|control|ingress|issuer|kube|program|proxy|routing)::")
BASE = re.compile(r"^base::")
ANONYMOUS = re.compile(r"\(anonymous namespace\)::|\{anonymous\}::|<unnamed>::")


def plain(frame):
    """A frame of heaptrack's without the file and the arguments."""
    name = ANONYMOUS.sub("", re.sub(r" \([^()]*\)$", "", frame.strip()))
    depth = 0
    for at, letter in enumerate(name):
        depth += {"<": 1, ">": -1}.get(letter, 0)
        # Of "operator()" and "operator<" the name goes on.
        if letter == "(" and depth <= 0 and not name[:at].endswith("operator"):
            return name[:at]
    return name


def holder(frames):
    """The innermost function of ours of a stack, whose root comes first; the innermost of all where there is none."""
    names = [plain(frame) for frame in frames]
    for wanted in (OURS, BASE):
        for name in reversed(names):
            if wanted.match(name):
                return name
    return f"others: {names[-1]}" if names else "others"


def held(folded):
    """Bytes by holder, the most first, of stacks as heaptrack_print -F folds them: "root;...;leaf bytes"."""
    bytes_of = {}
    for line in folded.splitlines():
        stack, _, number = line.rpartition(" ")
        if not number.isdigit():
            continue
        name = holder([frame for frame in stack.split(";") if frame.strip()])
        bytes_of[name] = bytes_of.get(name, 0) + int(number)
    return sorted(bytes_of.items(), key=lambda item: (-item[1], item[0]))


def by_room(held_by):
    """The same by the room of the operator."""
    bytes_of = {}
    for name, number in held_by:
        room = name.split("::")[0] if OURS.match(name) or BASE.match(name) else "others"
        bytes_of[room] = bytes_of.get(room, 0) + number
    return sorted(bytes_of.items(), key=lambda item: (-item[1], item[0]))


def sampled(report):
    """Nanoseconds in all and the share of each symbol, of `perf report --stdio --no-children -g none --sort symbol` of cpu-clock."""
    total = re.search(r"^# Event count \(approx\.\): (\d+)", report, re.M)
    shares = re.findall(r"^\s+(\d+\.\d+)%\s+\[(.)\]\s+(.+?)\s*$", report, re.M)
    # Behind a symbol there is a column for addresses, where some perf have one.
    return int(total.group(1)) if total else 0, [(re.sub(r"(\s+-)+$", "", name), float(share) / 100, kind == "k") for share, kind, name in shares]
