"""What a run of the benchmark leaves behind: a table for programs, one for people, and a plot."""

import csv
import json

from lmmteach import plots

FAST = "lmmteach, fast"
COLUMNS = (
    "model", "rows", "entrant", "fit_s", "fit_repeats", "call_s", "call_repeats",
    "criterion_above_best", "memory_bytes", "data_bytes", "remark",
)  # fmt: skip
LOOKS = plots.LOOKS | {"three np.bincount": ("#010101", "")}


def duration(seconds):
    """A time with three digits, in the unit that suits it."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-6)} µs"


def digits(value):
    """Three digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def record(row):
    """A row as the table for programs has it."""
    return {
        "model": row.case.model,
        "rows": row.case.rows,
        "entrant": row.entrant,
        "fit_s": row.median("fit"),
        "fit_repeats": len(row.fit),
        "call_s": row.median("call"),
        "call_repeats": len(row.call),
        "criterion_above_best": row.above,
        "memory_bytes": max(row.memory, default=None),
        "data_bytes": row.case.bytes,
        "remark": row.remark,
    }


def store(rows, known, folder):
    """Write benchmark.csv, conditions.json, benchmark.md and benchmark.svg into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [record(row) for row in rows]
    with open(folder / "benchmark.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    text = json.dumps(known, indent=2, ensure_ascii=False)
    (folder / "conditions.json").write_text(text + "\n", encoding="utf-8")
    cases = list(dict.fromkeys((row.case.name, row.case.formula) for row in rows))
    parts = [heading(known)]
    for (name, formula), mine in zip(cases, by_case(records), strict=True):
        parts.append(f"## {name}\n\n`{formula}`\n\n{table(mine)}")
    (folder / "benchmark.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    plot(records, known, folder / "benchmark.svg")


def by_case(records):
    """The records of each case, in the order of the run."""
    found = {}
    for one in records:
        found.setdefault((one["model"], one["rows"]), []).append(one)
    return found.values()


def heading(known):
    """When and where, which versions, and how to read the tables."""
    versions = ", ".join(f"{name} ({what})" for name, what in known["versions"].items())
    threads = ", ".join(f"{name}={value}" for name, value in known["threads"].items())
    return f"""# Benchmark of {known["date"]}

{known["processor"]}, {known["cores"]} cores, {known["memory"] / 2**30:.0f} GiB of memory; \
{known["system"]}, Python {known["python"]}; {threads or "threads as each package chooses"}.

{versions}.

*Fit* begins with arrays and integer codes and ends at the optimum. \
*Whole call* begins with a formula and a table and ends with a fitted model. \
Both are medians of repeated calls; × says how many times as long as lmmteach's fast engine. \
*Above the best* is how much the REML criterion at the estimates exceeds the lowest one that \
anyone found. *Memory* is what the whole call needed at its peak on top of the data, and as a \
multiple of them, for data of more than 1 MiB."""


def table(records):
    """One case as a Markdown table."""
    lines = [
        "| | fit | × | whole call | × | above the best | memory | × data |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    fast = next((one for one in records if one["entrant"] == FAST), None)
    for one in records:
        if one["remark"]:
            lines.append(f"| {one['entrant']} | {one['remark']} | | | | | | |")
            continue
        cells = [one["entrant"]]
        for what in ("fit_s", "call_s"):
            cells += [duration(one[what]), times_as_long(one[what], fast and fast[what])]
        cells += [height(one["criterion_above_best"]), *memory(one)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def height(above):
    """A difference of criteria; what is smaller than any digit of theirs counts as nothing."""
    if above is None:
        return "–"
    return "< 1e-8" if above < 1e-8 else f"{above:.1e}"


def memory(one):
    """The memory of a whole call, and as a multiple of the data."""
    needed, data = one["memory_bytes"], one["data_bytes"]
    # What small data need is lost in what the language itself takes and gives back.
    if needed is None or one["call_s"] is None or data < 2**20:
        return "–", "–"
    return f"{needed / 2**20:,.0f} MiB", f"{needed / data:.1f}"


def times_as_long(seconds, reference):
    """The ratio of two times, – without them."""
    return digits(seconds / reference) if seconds and reference else "–"


def plot(records, known, path):
    """Time against the number of rows for the random intercept, both axes logarithmic."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from lmmteach.plots.style import INK, book_style

    lines = {}
    for one in records:
        if one["model"] == "random intercept" and one["entrant"] in LOOKS:
            lines.setdefault(one["entrant"], []).append(one)
    with book_style(), mpl.rc_context({"svg.hashsalt": "benchmark"}):
        figure = Figure(figsize=(9, 4.5))
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        for ax, what, title in zip(
            axes, ("fit_s", "call_s"), ("Fit, from arrays", "Whole call, from a table"), strict=True
        ):
            for entrant, found in lines.items():
                points = [(one["rows"], one[what]) for one in found if one[what]]
                if points:
                    colour, marker = LOOKS[entrant]
                    style = "-" if marker else ":"
                    ax.loglog(
                        *zip(*points, strict=True), style, color=colour, marker=marker, ms=5,
                        label=entrant,
                    )  # fmt: skip
            ax.set_title(title)
            ax.set_xlabel("rows")
            ax.grid(color=INK, alpha=0.15, lw=0.5)
        axes[0].set_ylabel("seconds")
        shown = {}
        for ax in axes:
            handles, labels = ax.get_legend_handles_labels()
            shown = dict(zip(labels, handles, strict=True)) | shown
        if shown:
            figure.legend(shown.values(), shown.keys(), loc="outside right center")
        figure.suptitle(f"{known['processor']}, {known['date']}", fontsize=9, x=0.01, ha="left")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
