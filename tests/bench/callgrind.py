"""Reads what callgrind wrote, with --dump-instr=no: the format is in the Callgrind Format Specification of valgrind's manual."""

import re

STRING = re.compile(r"std::(?:__cxx11::)?basic_string(_view)?<char, std::char_traits<char>(?:, std::allocator<char>)? ?>")


def totals(text):
    """Counts of all events, by their names; None: it has not been written to its end."""
    events, counts = re.search(r"^events: (.+)$", text, re.M), re.search(r"^totals: (.+)$", text, re.M)
    return dict(zip(events.group(1).split(), map(int, counts.group(1).split()))) if events and counts else None


def by_function(text, events):
    """What each function counts of these events itself, without what it calls; by its name."""
    names, costs, function, is_call, columns = {}, {}, None, False, []
    for line in text.splitlines():
        if line.startswith("events: "):
            order = line.split()[1:]
            columns = [order.index(event) for event in events if event in order]
        elif line.startswith(("fn=", "cfn=")):
            # A name stands after its number where it comes first, and the number alone from then on.
            kind, _, said = line.partition("=")
            number, _, name = said.partition(" ")
            if name:
                names[number] = name
            if kind == "fn":
                function = names[number]
        elif line.startswith("calls="):
            is_call = True  # the next line is the cost of what is called
        elif re.match(r"[0-9+*-]", line):
            if not is_call:
                # Counts of zero at the end of a line are left out.
                counts = line.split()[1:]
                costs[function] = costs.get(function, 0) + sum(int(counts[i]) for i in columns if i < len(counts))
            is_call = False
    return costs


def more_than(costs, other):
    """By how much each function counts more than in the other one: (name, difference), the largest first."""
    differences = {name: costs.get(name, 0) - other.get(name, 0) for name in costs.keys() | other.keys()}
    return sorted(differences.items(), key=lambda item: (-item[1], item[0]))


def short(name, width=100):
    """For a column: strings by the name that everybody knows, and cut."""
    name = STRING.sub(lambda found: f"std::string{found.group(1) or ''}", name)
    return name if len(name) <= width else name[:width - 3] + "..."
