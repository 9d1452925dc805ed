// Runs tests of the package in the Pyodide of the built site, for test_pyodide.py:
//     node package_tests.mjs PYODIDE PROJECT WHEELS TEST...
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, project, wheels] = process.argv.slice(2, 5).map((path) => resolve(path));
const tests = process.argv.slice(5);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({
  indexURL: pyodide,
  env: { HOME: "/home/pyodide", HYPOTHESIS_PROFILE: "few examples" },
});
await python.loadPackage(["lmmteach", "packaging", "pygments"], { messageCallback: () => {} });
const [extractDir] = python.runPython("import site; site.getsitepackages()").toJs();
for (const name of readdirSync(wheels))
  python.unpackArchive(new Uint8Array(readFileSync(join(wheels, name))), "wheel", { extractDir });
python.mountNodeFS("/project", project);
python.globals.set("tests", python.toPy(tests));
process.exit(python.runPython(`
    import importlib, os
    importlib.invalidate_caches()
    os.chdir("/project")
    import pytest
    int(pytest.main(["-p", "no:cacheprovider", "--capture=sys", "-c", "/project/pytest.ini", *tests]))
`));
