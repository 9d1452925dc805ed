"""Install the wheel and the source archive as a reader would, and run the README's example there.

``python tools/installed.py dist`` makes an empty environment for each archive, with nothing from
this folder in sight, installs the archive and what it depends on, and fails if the example in
README.md prints anything else than README.md says, or if the book's tools were installed too.
"""

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Who installs the package to fit a model wants neither the book nor a test runner.
NOT_WANTED = ("jupyter-book", "sphinx", "pytest", "playwright", "nbval")

TRIAL = """
import doctest, importlib.metadata, pathlib, sys
import lmmteach
folder = pathlib.Path(lmmteach.__file__).parent
assert pathlib.Path(sys.prefix) in folder.parents, f"lmmteach was imported from {folder}"
here = {found.metadata["Name"].lower() for found in importlib.metadata.distributions()}
assert not here & set(sys.argv[2:]), f"installed too: {here & set(sys.argv[2:])}"
example = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
test = doctest.DocTestParser().get_doctest(example, {}, "README.md", None, 0)
flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
result = doctest.DocTestRunner(optionflags=flags).run(test)
print(f"{result.attempted} lines of README.md run, {result.failed} wrong")
sys.exit(result.failed > 0 or result.attempted == 0)
"""


def archives(folder):
    """The one wheel and the one source archive in ``folder``."""
    wheels, sources = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sources) != 1:
        names = [path.name for path in wheels + sources]
        sys.exit(f"{folder} should hold one wheel and one source archive, and holds {names}.")
    return wheels[0], sources[0]


def example(readme):
    """The first block of Python in ``readme``: statements, and what they print."""
    block = re.search(r"^```python\n(>>> .*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    if block is None:
        sys.exit("README.md has no example that begins with >>>.")
    return block.group(1)


def try_out(archive):
    """Install ``archive`` in an environment of its own, and run the example there."""
    print(f"{archive.name}:", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(f"{folder}/env", with_pip=True)
        python = Path(folder, "env", "Scripts" if os.name == "nt" else "bin", "python")
        written = Path(folder, "example.txt")
        written.write_text(example((ROOT / "README.md").read_text("utf-8")), encoding="utf-8")
        quiet = ["--quiet", "--disable-pip-version-check"]
        install = [python, "-m", "pip", "install", *quiet, "-c", ROOT / "constraints.txt", archive]
        subprocess.run(install, check=True, cwd=folder)
        trial = subprocess.run([python, "-c", TRIAL, written, *NOT_WANTED], cwd=folder)
        if trial.returncode:
            sys.exit(f"{archive.name} installs, and does not do what README.md shows: see above.")


if __name__ == "__main__":
    for archive in archives(Path(sys.argv[1]).resolve()):
        try_out(archive)
