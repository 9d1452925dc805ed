// Python in the browser, at work for live-python.js. It runs the package's own functions, and what
// goes to and fro is text.
//
// What explorers draw with comes later, if at all; what only notebooks need does not come.
const LATER = ["matplotlib"], NEVER = ["ipywidgets", "anywidget"];
const quiet = { messageCallback: () => {} };
const loading = { files: 0, of: 0, bytes: 0 };
const plainFetch = self.fetch;
let python, lock;

// As fetch, but it tells how much has arrived.
async function countedFetch(...request) {
  const response = await plainFetch(...request);
  if (!response.ok || !response.body) return response;
  const size = Number(response.headers.get("content-length"));
  let here = 0;
  const tell = (share) => {
    loading.files += share;
    postMessage({ loading });
  };
  const counted = response.body.pipeThrough(new TransformStream({
    transform(chunk, out) {
      // A file that is packed on the way is larger than its size says.
      const share = size ? Math.min(chunk.byteLength / size, 1 - here) : 0;
      here += share;
      loading.bytes += chunk.byteLength;
      out.enqueue(chunk);
      tell(share);
    },
    flush() { tell(1 - here); },
  }));
  return new Response(counted, { status: response.status, headers: response.headers });
}

// A package and all that it needs.
function withNeeds(name, found = new Set()) {
  const key = name.toLowerCase().replace(/[-_.]+/g, "-");
  const { name: own, depends } = lock.packages[key] || lock.packages[name];
  if (found.has(own)) return found;
  found.add(own);
  for (const need of depends) withNeeds(need, found);
  return found;
}

async function boot(home) {
  importScripts(`${home}pyodide.js`);
  const answer = await fetch(`${home}pyodide-lock.json`);
  if (!answer.ok) throw new Error(`${answer.url} gave ${answer.status}`);
  lock = await answer.json();
  const ours = lock.packages.lmmteach;
  ours.depends = ours.depends.filter((name) => ![...LATER, ...NEVER].includes(name));
  // Python's own two files, and the packages.
  loading.of = 2 + withNeeds("lmmteach").size;
  self.fetch = countedFetch;
  const lockFileURL = URL.createObjectURL(new Blob([JSON.stringify(lock)]));
  python = await loadPyodide({ indexURL: home, lockFileURL, stdin: () => null });
  await load(["lmmteach"]);
}

async function load(names) {
  await python.loadPackage(names, quiet);
  // A package that does not arrive, though others need it, is told to the console only.
  const needed = names.flatMap((name) => [...withNeeds(name)]);
  const missing = needed.filter((name) => !(name in python.loadedPackages));
  if (missing.length) throw new Error(`${missing.join(", ")} did not arrive`);
}

async function answer({ key, code }) {
  const typed = python.pyimport("lmmteach.exercises.typed");
  await python.loadPackagesFromImports(code, quiet);
  const begun = { cutOff: typed.cut_off_json(key), seconds: typed.SECONDS };
  return typed.answer_json(key, code, () => postMessage({ begun }));
}

async function picture({ name, given }) {
  if (!("matplotlib" in python.loadedPackages)) {
    const wanted = [...withNeeds("matplotlib")].filter((name) => !(name in python.loadedPackages));
    Object.assign(loading, { files: 0, of: wanted.length, bytes: 0 });
    await load(["matplotlib"]);
  }
  return python.pyimport("lmmteach.widgets.anywhere").picture_json(name, JSON.stringify(given));
}

// Of what Python says, the line that says what; not where in the package.
function lastWords(error) {
  const lines = String(error.message || error).split("\n");
  return lines.findLast((line) => /^[\w.]*(Error|Exception)\b/.test(line)) || lines[0];
}

self.onmessage = async ({ data }) => {
  try {
    if (data.home) {
      await boot(data.home);
      postMessage({ ready: true });
    } else {
      postMessage({ said: await (data.key ? answer(data) : picture(data)) });
    }
  } catch (error) {
    postMessage({ failed: lastWords(error) });
  }
};
