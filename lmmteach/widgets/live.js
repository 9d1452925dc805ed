// The picture in a notebook: the kernel draws each position, and says which one a pull leads to.
export default {
  render({ model, el }) {
    el.innerHTML = model.get("stage");
    // While the kernel answers one pull, only the last of the others waits.
    let busy = false, waiting = null;
    const pull = (...place) => {
      if (busy) waiting = place;
      else model.send(place);
      busy = true;
    };
    model.on("msg:custom", () => {
      busy = false;
      if (waiting) pull(...waiting);
      waiting = null;
    });
    const show = explorerPicture(el, model.get("picture"), pull);
    const unlock = () => el.classList.toggle("explorer-open", model.get("unlocked"));
    model.on("change:picture", () => show(model.get("picture")));
    model.on("change:unlocked", unlock);
    unlock();
    show(model.get("picture"), true);
  },
};
