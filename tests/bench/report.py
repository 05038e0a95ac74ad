"""What `bench` found, for people: as text, as Markdown, as a picture, and beside the last run and the proxy of before.

A run is {"machine", "rounds", "seconds", "rows": [{"name", "unit", "values": {proxy: [one a round]}}]}. Ratios are taken round by
round, so that what a machine does meets all alike, and a run is compared with another by them alone.
"""

import html
import math
import statistics

US, NEW_US, KB, MB, MS, SECONDS = "µs a request", "µs a connection", "kB", "MB", "ms", "s"
# Of a row that compares two loads of each proxy: no ratio to a peer says anything of it.
TIMES = "times"
RANDOM_HOSTS = "hosts at random, to one of them"

# The proxy of `--before`: another build of the one that is measured, and no peer.
BEFORE = "before"
# Of a ratio to it: what is nearer to 1 says nothing.
NOISE = 0.02

BEST = "the best"  # the peer whose median is the lowest in that row
ITSELF = "itself"  # of a row in TIMES

# Row, peer, and the ratio to be reached.
AIMS = [
    ("plain h1 1 MiB", "haproxy", 1.0),
    ("new P-256 connection", "nginx", 0.75),
    ("new RSA-2048 connection", "nginx", 0.90),
    ("p99 beside a storm of handshakes", "haproxy", 0.5),
    ("passthrough 1 MiB", "haproxy", 0.6),
    ("an idle TLS connection", BEST, 0.5),
    (RANDOM_HOSTS, ITSELF, 1.05),
]
# Every other row: at the best or below it.
AIM_OF_OTHERS = 1.0


def ratios(row, peer, of="gatehouse"):
    if row["unit"] == TIMES:
        return []
    ours, theirs = row["values"].get(of, []), row["values"].get(peer, [])
    return [a / b for a, b in zip(ours, theirs) if b > 0]


def spread(values):
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.median(values):.2f} ({min(values):.2f}..{max(values):.2f})"


def number(values, unit):
    if not values:
        return "-"
    median = statistics.median(values)
    if unit in (TIMES, SECONDS):
        return f"{median:.2f}"
    return f"{median:.1f}" if median < 1000 else f"{median:.0f}"


def changed(row, peer, before):
    """How the ratio stood in the run before, where that differs by more than both runs' spreads."""
    old = next((r for r in (before or {}).get("rows", []) if r["name"] == row["name"]), None)
    then, now = ratios(old, peer) if old else [], ratios(row, peer)
    if peer == BEFORE or not then or not now or (min(now) <= max(then) and min(then) <= max(now)):
        return ""
    return f", was {statistics.median(then):.2f}"


def beside_it(row, peer):
    """The same ratio of the proxy of before, in the same rounds."""
    then = ratios(row, peer, of=BEFORE) if peer != BEFORE else []
    return f", before {statistics.median(then):.2f}" if then else ""


def without_before(row):
    """As the row is kept beside those of another run, which may have had another proxy of before."""
    return {**row, "values": {name: values for name, values in row["values"].items() if name != BEFORE}}


def cells(run, before):
    peers = run["proxies"][1:]
    head = ["", "unit", *run["proxies"], *(f"to {peer}" for peer in peers)]
    rows = [[row["name"], row["unit"], *(number(row["values"].get(name), row["unit"]) for name in run["proxies"]),
             *(spread(ratios(row, peer)) + beside_it(row, peer) + changed(row, peer, before) for peer in peers)] for row in run["rows"]]
    return head, rows


def text(run, before):
    head, rows = cells(run, before)
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    first_number = 2
    lines = ["  ".join(cell.rjust(width) if first_number <= i < first_number + len(run["proxies"]) else cell.ljust(width)
                       for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in [head, *rows]]
    return "\n".join(lines)


def markdown(run, before):
    head, rows = cells(run, before)
    ruler = ["---", "---"] + ["---:"] * len(run["proxies"]) + ["---"] * (len(head) - 2 - len(run["proxies"]))
    lines = ["| " + " | ".join(line) + " |" for line in [head, ruler, *rows]]
    said = "".join(f"- {line}\n" for line in (aims(run) + "\n" + than_before(run)).splitlines() if line)
    return (f"{run['machine']}; {run['rounds']} rounds of {run['seconds']} s.\n\n" + "\n".join(lines) +
            f"\n\nAims:\n\n{said}")


def best_peer(row, peers):
    """None: no peer has a figure there."""
    measured = [peer for peer in peers if ratios(row, peer)]
    return min(measured, key=lambda peer: statistics.median(row["values"][peer]), default=None)


def against(row, whom, aim, peers):
    """Whether the aim was reached, and a line that says by how much; None: not measured."""
    peer = best_peer(row, peers) if whom == BEST else whom
    found = row["values"].get("gatehouse", []) if whom == ITSELF else ratios(row, peer)
    if not found:
        return None
    is_reached = statistics.median(found) <= aim
    said = f"{peer}, {BEST}" if whom == BEST else peer
    return is_reached, f"{'reached' if is_reached else 'missed'}: {row['name']} at {spread(found)} of {said}; the aim is {aim:g}"


def aims(run):
    """A line for each aim, reached or missed; of the rows without an aim of their own, one for each that missed."""
    rows = {row["name"]: row for row in run["rows"]}
    peers = [name for name in run["proxies"][1:] if name != BEFORE]
    lines, not_measured = [], []
    for name, whom, aim in AIMS:
        found = against(rows[name], whom, aim, peers) if name in rows else None
        if found:
            lines.append(found[1])
        else:
            not_measured.append(f"{name} ({aim:g} of {whom})")
    others = [against(row, BEST, AIM_OF_OTHERS, peers) for name, row in rows.items() if name not in {aim[0] for aim in AIMS}]
    lines += [line for is_reached, line in filter(None, others) if not is_reached]
    reached = sum(is_reached for is_reached, _ in filter(None, others))
    if reached:
        lines.append(f"reached: {reached} other rows at {AIM_OF_OTHERS:g} of {BEST} or below")
    if not_measured:
        lines.append(f"not measured: {'; '.join(not_measured)}")
    return "\n".join(lines)


def than_before(run):
    """Rows that are dearer or cheaper than with the proxy of before in every round, and how many are neither; empty without one."""
    lines, level = [], 0
    for row in run["rows"]:
        found = ratios(row, BEFORE)
        if not found:
            continue
        if abs(statistics.median(found) - 1) < NOISE or min(found) <= 1 <= max(found):
            level += 1
        else:
            lines.append(f"{'dearer' if min(found) > 1 else 'cheaper'} than before: {row['name']} at {spread(found)}")
    if level:
        lines.append(f"as before: {level} rows, within {NOISE:.0%} or with rounds on both sides")
    return "\n".join(lines)


COLOURS = ["#1b6ca8", "#d1495b", "#2e933c", "#8d5a97", "#c98b00", "#3aa6a6", "#7a5c3e", "#5b6770"]
LEFT, RIGHT, BAR, GAP, TOP = 250, 40, 9, 10, 46


def picture(run):
    """An SVG: for each row and peer a bar from 1, to the left where gatehouse is cheaper; logarithmic."""
    peers = run["proxies"][1:]
    rows = [(row["name"], [(peer, statistics.median(ratios(row, peer))) for peer in peers if ratios(row, peer)]) for row in run["rows"]]
    rows = [(name, bars) for name, bars in rows if bars]
    all_ratios = [ratio for _, bars in rows for _, ratio in bars] or [1]
    # Whole halvings, so that what lies between two lines can be read.
    reach = max(1, math.ceil(max(abs(math.log2(ratio)) for ratio in all_ratios)))
    inner = 480

    def x_of(ratio):
        return LEFT + (math.log2(ratio) + reach) / (2 * reach) * inner

    height = TOP + sum(len(bars) * BAR + GAP for _, bars in rows) + 20
    width = LEFT + max(inner + RIGHT, 110 * len(peers))
    out = [f'<text x="{LEFT}" y="16" class="title">gatehouse beside others: cost as a ratio, to the left it is cheaper</text>']
    for i, peer in enumerate(peers):
        out.append(f'<rect x="{LEFT + 110 * i}" y="22" width="9" height="9" fill="{COLOURS[i % len(COLOURS)]}"/>'
                   f'<text x="{LEFT + 110 * i + 14}" y="31">to {html.escape(peer)}</text>')
    for power in range(-reach, reach + 1):
        x = x_of(2.0 ** power)
        out.append(f'<path class="{"one" if power == 0 else "grid"}" d="M{x:.1f} {TOP - 8}V{height - 16}"/>'
                   f'<text x="{x:.1f}" y="{height - 3}" text-anchor="middle">{2.0 ** power:g}</text>')
    y = TOP
    for name, bars in rows:
        out.append(f'<text x="{LEFT - 8}" y="{y + len(bars) * BAR / 2 + 4:.1f}" text-anchor="end">{html.escape(name)}</text>')
        for peer, ratio in bars:
            begin, end = sorted((x_of(1), x_of(ratio)))
            colour = COLOURS[peers.index(peer) % len(COLOURS)]
            out.append(f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="{BAR - 1}" fill="{colour}"/>')
            y += BAR
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
            "<style>text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}.one{stroke:#333}</style>\n"
            f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(out) + "\n</svg>\n")
