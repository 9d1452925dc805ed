// The one Python of a page, in a worker of its own: loaded when it is first asked something, ended
// where it does not come back, and then started again. A site that was built without it says so by
// having no meta element "lmmteach-live", and everything on its pages is as it is without.
const livePython = (() => {
  const script = document.currentScript.src;
  // Python cuts endless loops off by itself. What it cannot cut off gets so many seconds more.
  const GRACE = 3;
  const waiting = [], places = new Set();
  let worker = null, isReady = false, running = null, timer = 0;

  const base = () => {
    const meta = document.querySelector('meta[name="lmmteach-live"]');
    // A page that was opened as a file may start no worker.
    return meta && location.protocol !== "file:" ? new URL(meta.content, document.baseURI) : null;
  };

  const next = () => {
    if (!worker) start();
    if (!isReady || running || !waiting.length) return;
    running = waiting.shift();
    worker.postMessage(running.message);
  };

  const start = () => {
    isReady = false;
    worker = new Worker(new URL("live-worker.js", script));
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => fail(event.message || "its files were not found");
    worker.postMessage({ home: new URL("static/pyodide/", base()).href });
  };

  const end = () => {
    clearTimeout(timer);
    worker.terminate();
    worker = null;
    isReady = false;
  };

  const finish = (said) => {
    const { resolve } = running;
    running = null;
    clearTimeout(timer);
    resolve(said);
  };

  const hear = ({ loading, ready, begun, said, failed }) => {
    if (loading) for (const place of places) show(place, loading);
    if (ready) isReady = true;
    if (begun) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        end();
        finish(JSON.parse(begun.cutOff));
        next();
      }, 1000 * (begun.seconds + GRACE));
    }
    if (said) {
      const answer = JSON.parse(said);
      if (answer.broken) end();
      finish(answer);
    }
    if (failed) fail(failed);
    else if (ready || said) next();
  };

  const fail = (why) => {
    end();
    const asked = [running, ...waiting.splice(0)];
    running = null;
    for (const question of asked) question?.reject(new Error(why));
  };

  // How far the loading is: seen as a bar, heard once.
  const show = (place, { files, of, bytes }) => {
    if (!place.firstChild) {
      const words = document.createElement("span");
      words.setAttribute("role", "status");
      const bar = document.createElement("progress");
      bar.setAttribute("aria-label", "Loading Python");
      const amount = document.createElement("span");
      amount.setAttribute("aria-hidden", "true");
      place.append(words, " ", bar, " ", amount);
      words.textContent = "Python is being loaded, once for this page.";
    }
    place.hidden = false;
    const bar = place.querySelector("progress");
    const isHere = files > of - 0.01;
    bar.max = of;
    // All is here, but it has to be unpacked and started: a bar that only moves says so.
    if (isHere) bar.removeAttribute("value");
    else bar.value = files;
    place.lastChild.textContent = `${(bytes / 1e6).toFixed(0)} MB${isHere ? ", starting" : ""}`;
  };

  // Asks for an answer; while Python is on its way there, ``place`` shows how far it is.
  const ask = async (message, place) => {
    places.add(place);
    try {
      return await new Promise((resolve, reject) => {
        waiting.push({ message, resolve, reject });
        next();
      });
    } finally {
      places.delete(place);
      place.hidden = true;
      place.replaceChildren();
    }
  };

  return { base, ask };
})();
