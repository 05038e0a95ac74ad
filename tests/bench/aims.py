"""Which aims of a large cluster were reached, by what its benches found: `make aims`.

    aims.py [--before FILE]... [--page PAGE [--write]] FILE...

FILEs are what bench-large-cluster, bench-scale, crowd and bench wrote with --json, in any order; what one says again of a row and a size
counts. --before: likewise of another tree, in place of what was found first. --write puts the table into the page, between its two lines.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import re
import statistics
import sys

from report import RANDOM_HOSTS

SMALLEST, LARGE = 100, 10_000
BEGIN, END = "<!-- table of aims: make aims WRITE=1 -->", "<!-- end of the table of aims -->"

# row: as its bench names it, of bench-scale "kind, step". least: of this row everything is to be this or less, at any size or at LARGE
# alone; None: it is told and has no aim. before: at LARGE, where everything was done again for each change.
Aim = collections.namedtuple("Aim", "title row least is_at_any_size before factor", defaults=(False, "", 1.0))


def change(title, where, before, proxy_before):
    return [
        Aim(f"{title}: the operator, ms of CPU", f"{where}, CPU ms", 1.0, True, before),
        Aim(f"{title}: each proxy, ms of CPU", f"{where}, CPU ms of each proxy", 0.2, True, proxy_before),
        Aim(f"{title}: live after its write, ms of the wall", f"{where}, live after its write, p50, ms of wall time", 5.0, True, "about 1,000"),
    ]


def of_proxies(title, row):
    """Nothing for each certificate."""
    return [Aim(f"{title}: ms of CPU", f"{row}, CPU ms", None),
            Aim(f"{title}: writes", f"{row}, writes", 0.0, True),
            Aim(f"{title}: handshakes", f"{row}, handshakes", 5.0, True)]


ISSUED = "until all serve, s of wall time"
UNRELATED = ("5 N Secrets and ConfigMaps", "N/2 TLS Secrets", "2 N slices")
SWAPS = "1000 swaps of one certificate"

AIMS = [
    *change("a path of a plain Ingress", "a path more, plain, 1 proxy", "183", "19"),
    *change("a path of an Ingress with TLS", "a path more, 1 proxy", "420", "80"),
    *change("another endpoint", "another endpoint, 1 proxy", "", ""),
    Aim("a path, 20 proxies: the operator, ms of CPU", "a path more, 20 proxies, CPU ms", 1.0, True),
    Aim("a path, 20 proxies: each proxy, ms of CPU", "a path more, 20 proxies, CPU ms of each proxy", 0.2, True),
    Aim("a path, 20 proxies: answers to each", "a path more, 20 proxies, answers to each proxy", 1.0, True),
    Aim("a path: bytes to a proxy", "path, told, bytes", 230, True, "150 to 230"),
    Aim("another endpoint: bytes to a proxy", "endpoint, told, bytes", 230, True, "150 to 230"),
    Aim("another certificate: bytes to a proxy", "certificate, told, bytes", 230, True, "150 to 230"),
    Aim("a path, the operator's pure parts, ms", "path, operator: all", 1.0, True, "", 1e-3),
    Aim("a path, a proxy's pure parts, ms", "path, proxy: all", 0.2, True, "", 1e-3),
    Aim("a path, live in all workers of a proxy after it came, ms of the wall", "path, live in all workers, wall", 1.0, True, "", 1e-3),
    Aim("the operator at rest, MB", "restart: at rest, MB", 50, False, "233"),
    Aim("a proxy, each certificate used once, MB", "MB resident, each used", 40, False, "160"),
    Aim("a proxy, for each host, KB", "KB for each, configured", 1.0, False, ""),
    Aim("a proxy, for each host whose certificate was used, KB", "KB for each, each used", None, False, "14"),
    *(Aim(f"unrelated {what}: MB more", f"unrelated {what}, MB more", 1.0, True, before)
      for what, before in zip(UNRELATED, ("", "", "40"))),
    Aim("restart until ready, s of the wall", "restart: until ready, s of wall time", 5.0, False, "23; 106 with Certificates"),
    Aim("restart until ready, s of CPU", "restart: until ready, CPU ms", None, False, "", 1e-3),
    Aim("restart: orders", "restart: orders", 0.0, True),
    Aim("restart: writes but the Lease", "restart: writes", 0.0, True, "12,777"),
    Aim("restart: configurations passed to a proxy that has it", "restart: configurations passed to a proxy that has it", 0.0, True),
    Aim("restart until a proxy has what it holds confirmed, s", "restart: until a proxy has what it holds confirmed, s of wall time", 1.0),
    Aim("N Ingresses at once: live after the last POST, s", "burst of N Ingresses: live after the last POST, s of wall time", 1.0, True),
    Aim("N Ingresses at once: Warnings not told", "burst of N Ingresses: Warnings not told", 0.0, True, "half of them"),
    *of_proxies("a proxy joins", "a proxy that joins"),
    *of_proxies("a proxy joins 20 others", "a proxy that joins 20"),
    *of_proxies("one of 50 proxies is rolled", "a proxy that is rolled"),
    *of_proxies("one of 50 proxies leaves", "a proxy that leaves"),
    *of_proxies("60 proxies come and go, each", "60 proxies that come and go, each"),
    Aim("first Ingress to HTTPS, alone, median, ms", "one Ingress to HTTPS, alone, p50, ms of wall time", 150, True, "161"),
    Aim("first Ingress to HTTPS, beside N others, median, ms", "one Ingress to HTTPS, beside N others, p50, ms of wall time", 150, True, "about 600"),
    Aim("300 Ingresses at once, s", f"300 Ingresses at once, {ISSUED}", 10, True, "7.3"),
    Aim("300 at once: ms of CPU for each", "300 Ingresses at once, CPU ms for each", None, False, "18 to 45"),
    Aim("10,000 Ingresses issued, s", f"10000 Ingresses at once, {ISSUED}", 600),
    Aim("10,000 issued: ms of CPU for each", "10000 Ingresses at once, CPU ms for each", None, False, "18 to 45"),
    Aim("a request for a host at random, to one of them", RANDOM_HOSTS, 1.05, False, "1.28 to 1.33"),
    # From the delta's arrival; from the write there are the operator, and a client that looks, between.
    Aim("another certificate, a proxy's pure parts, ms", "certificate, proxy: all", 10, True, "", 1e-3),
    Aim("a swapped certificate: shown after its write, ms", f"{SWAPS}, shown after its Secret was written, p50, ms of wall time", None),
    Aim("1,000 swaps: requests that failed", f"{SWAPS}, requests that failed", 0.0),
    Aim("1,000 swaps: MB more in a proxy", f"{SWAPS}, MB more in a proxy", 1.0),
    Aim("100 slice updates a second: ms of CPU for each", "storm: 100 slice updates a second, CPU ms for each", 1.0, True, "23"),
    Aim("100 slice updates a second: live after the last, s", "storm: 100 slice updates a second, live after the last, s of wall time", None),
    Aim("100 slice updates a second: writes", "storm: 100 slice updates a second, writes", 0.0, True),
]


def rows_of(document):
    """(row, {size: number}) of what any of the benches wrote."""
    if isinstance(document, dict):  # bench: ratios in rounds
        return [(row["name"], {LARGE: statistics.median(row["values"]["gatehouse"])}) for row in document["rows"]
                if row["name"] == RANDOM_HOSTS and row["values"].get("gatehouse")]
    return [(row.get("row") or f"{row['kind']}, {row['step']}", {int(size): number for size, number in row["numbers"].items()})
            for row in document]


def found_in(documents):
    found = {}
    for document in documents:
        for row, numbers in rows_of(document):
            found.setdefault(row, {}).update(numbers)
    return found


def numbers_of(aim, found):
    return {size: number * aim.factor for size, number in found.get(aim.row, {}).items()}


def verdict(aim, numbers):
    """Of what counts: at any size the worst."""
    counted = list(numbers.values()) if aim.is_at_any_size else [numbers[LARGE]] if LARGE in numbers else []
    if not counted:
        return "not measured"
    if aim.least is None:
        return ""
    # What is shown as the aim itself is the aim.
    return "reached" if shown(max(counted)) == shown(aim.least) or max(counted) <= aim.least else "missed"


def growth(numbers):
    """The exponent, as the benches say it: of a line through the logarithms."""
    points = [(math.log(size), math.log(number)) for size, number in numbers.items() if number > 0]
    if len(points) < 2 or len(points) < len(numbers):
        return ""
    middle = [sum(axis) / len(points) for axis in zip(*points)]
    spread = sum((x - middle[0]) ** 2 for x, _ in points)
    return f"{sum((x - middle[0]) * (y - middle[1]) for x, y in points) / spread:.2f}"


def shown(number):
    if number == 0 or abs(number) < 0.0005:
        return "0"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}".removesuffix(".0") if abs(number) >= 10 else f"{number:.3f}".rstrip("0").rstrip(".") if abs(number) < 0.1 else \
        f"{number:.2f}".rstrip("0").rstrip(".")


def table(found, before=None):
    """Lines of cells, the head first: a row for each aim."""
    all_numbers = [(aim, numbers_of(aim, found)) for aim in AIMS]
    # crowd has one host beside many.
    sizes = sorted({size for _, numbers in all_numbers for size in numbers if size >= SMALLEST})
    lines = [["", *(f"{size:,}" for size in sizes), "growth", f"before, at {LARGE:,}", "aim", ""]]
    for aim, numbers in all_numbers:
        then = numbers_of(aim, before).get(LARGE) if before is not None else None
        lines.append([aim.title, *(shown(numbers[size]) if size in numbers else "" for size in sizes), growth(numbers),
                      (shown(then) if then is not None else "") if before is not None else aim.before,
                      "" if aim.least is None else shown(aim.least), verdict(aim, numbers)])
    return lines


def text(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def markdown(lines):
    ruler = ["---"] + ["---:"] * (len(lines[0]) - 2) + ["---"]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], ruler, *lines[1:]])


def summary(lines):
    said = []
    for word in ("reached", "missed", "not measured"):
        titles = [line[0] for line in lines[1:] if line[-1] == word]
        said.append(f"{word}: {len(titles)}" + (f" ({'; '.join(titles)})" if titles and word != "reached" else ""))
    return "\n".join(said)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown processor")
    return f"{model}, {os.cpu_count()} cores"


def put_into(page, said):
    """The page with this between its two lines."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page has not one line {BEGIN} and one line {END}")
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n\n{said}\n\n{END}", page, flags=re.S)


def read(files):
    return found_in(json.loads(pathlib.Path(file).read_text(encoding="utf-8")) for file in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--before", action="append", metavar="FILE", help="of another tree")
    parser.add_argument("--page")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    before = read(options.before) if options.before else None
    lines = table(read(options.files), before)
    print(text(lines) + "\n\n" + summary(lines))
    if options.page and options.write:
        page = pathlib.Path(options.page)
        page.write_text(put_into(page.read_text(encoding="utf-8"), f"On {machine()}.\n\n{markdown(lines)}"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
