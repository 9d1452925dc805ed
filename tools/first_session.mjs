// Runs a session in the Pyodide of a folder and keeps what it compiled, for tools/lighter_site.py:
//     node first_session.mjs PYODIDE SESSION OUT
// SESSION is a file with Python code; OUT gets the compiled modules, below their packages' paths.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, session, out] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: pyodide });
const { packages } = JSON.parse(readFileSync(`${pyodide}/pyodide-lock.json`));
await python.loadPackage(Object.keys(packages), { messageCallback: () => {} });
python.mountNodeFS("/out", out);
// Pyodide itself does not keep what it compiles.
python.runPython("import sys; sys.dont_write_bytecode = False");
python.runPython(readFileSync(session, "utf-8"));
python.runPython(`
import pathlib, shutil, site
for place in map(pathlib.Path, site.getsitepackages()):
    for path in place.rglob("*.pyc"):
        target = pathlib.Path("/out") / path.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
`);
