// JupyterLab takes the notebook's name out of its address, so that a reload would open none. The tab
// remembers it. This runs before JupyterLab reads its address.
(() => {
  const place = new URL(location.href), name = "lmmteach-notebook";
  const [arrival] = performance.getEntriesByType("navigation");
  if (place.searchParams.has("path")) {
    sessionStorage.setItem(name, place.searchParams.get("path"));
  } else if (arrival.type === "reload" && sessionStorage.getItem(name)) {
    place.searchParams.set("path", sessionStorage.getItem(name));
    history.replaceState(null, "", place);
  }
})();

// JupyterLab calls a notebook saved when a save ends, even if it was changed while that went on, and
// would not save it again before the next change. What was typed meanwhile is marked as unsaved.
(() => {
  const known = new WeakSet();
  const watch = (widget) => {
    const context = widget?.context;
    if (!context?.saveState || known.has(context)) return;
    known.add(context);
    let changed = false;
    context.model.contentChanged.connect(() => { changed = true; });
    context.saveState.connect((_, state) => {
      if (state === "started") changed = false;
      if (state === "completed" && changed) context.model.dirty = true;
    });
  };
  const waiting = setInterval(() => {
    const shell = window.jupyterapp?.shell;
    if (!shell) return;
    clearInterval(waiting);
    shell.currentChanged.connect((_, { newValue }) => watch(newValue));
    watch(shell.currentWidget);
  }, 100);
})();
