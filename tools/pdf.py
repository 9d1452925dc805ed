"""Write the whole book as one PDF: Sphinx writes LaTeX, and latexmk runs XeLaTeX until it is done.

What would only be seen on paper fails here: a letter that no font has, a reference without its
place, a line that runs off the page.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "xelatex": "texlive-xetex texlive-latex-recommended texlive-latex-extra "
    "texlive-fonts-recommended",
    "latexmk": "latexmk",
    "rsvg-convert": "librsvg2-bin",
    "pdftotext": "poppler-utils",
    "fc-list": "fontconfig",
}
# Where kpsewhich finds these, the parts of TeX Live are there that the book needs.
STYLES = {"adjustbox.sty": "texlive-latex-extra", "polyglossia.sty": "texlive-xetex"}
FONTS = {"FreeSerif": "fonts-freefont-otf", "DejaVu Sans Mono": "fonts-dejavu-core"}
# Points by which a line may stick out: less than there is between two columns of a table.
TOLERATED = 10


def missing():
    """The Debian packages that make a PDF and are not here."""
    packages = [debian for program, debian in PROGRAMS.items() if not shutil.which(program)]
    if not packages:
        packages += [debian for style, debian in STYLES.items() if not _said("kpsewhich", style)]
        packages += [debian for font, debian in FONTS.items() if not _said("fc-list", font)]
    return " ".join(dict.fromkeys(packages))


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def build(place):
    """LaTeX from the notebooks, PDF from LaTeX; the folder in which both are."""
    book = Path(sys.executable).with_name("jupyter-book")
    options = ["-W", "-n", "--keep-going", "--builder", "latex", "--path-output", str(place)]
    subprocess.run([book, "build", *options, str(ROOT)], check=True)
    folder = place / "_build" / "latex"
    quiet = ["-xelatex", "-silent", "-interaction=nonstopmode", "-halt-on-error"]
    # In a log without broken lines, what is looked for stands in one.
    log = {**os.environ, "max_print_line": "10000"}
    made = subprocess.run(["latexmk", *quiet, "lmmteach.tex"], cwd=folder, env=log)
    if made.returncode:
        sys.exit(f"LaTeX stopped. The reason stands at the end of {folder / 'lmmteach.log'}")
    return folder


def complaints(log):
    """What a log of LaTeX says that somebody would see on the page."""
    letters = re.findall(r"Missing character: There is no (\S+ \(U\+\w+\) in font [^/\[;\n]*)", log)
    found = [f"no letter {letter}" for letter in letters]
    found += re.findall(r"(?:Reference|Citation|Label) `.*(?:un|multiply )defined", log)
    for points, where in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\) (.*)", log):
        if float(points) > TOLERATED:
            found.append(f"{float(points):.0f} points too wide {where}")
    for points, where in re.findall(r"Overfull \\vbox \(([\d.]+)pt too high\) (.*)", log):
        if float(points) > TOLERATED:
            found.append(f"{float(points):.0f} points too high {where}")
    return list(dict.fromkeys(found))


def main():
    edition = os.environ.get("EDITION", "students")
    place = ROOT / "_build" / "solutions" if edition == "solutions" else ROOT
    packages = missing()
    if packages:
        sys.exit(
            "A PDF needs programs and fonts that this machine does not have. On Debian or Ubuntu:\n"
            f"  sudo apt-get install {packages}"
        )
    folder = build(place)
    found = complaints((folder / "lmmteach.log").read_text(encoding="utf-8", errors="replace"))
    if found:
        sys.exit("The PDF has faults (its lines are those of lmmteach.tex):\n" + "\n".join(found))
    book = shutil.copy(folder / "lmmteach.pdf", place / "_build")
    print(f"The PDF is here: {book}")


if __name__ == "__main__":
    main()
