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
