// The explorers on a built page: every number, word and picture was made by the package at build
// time; this only shows the frame that belongs to the position of the sliders. A picture glides to
// its frame; what is read and heard belongs to the frame at once. Between the frames, where there
// is a Python to draw, live-explorer.js takes over.
document.addEventListener("DOMContentLoaded", () => {
  for (const section of document.querySelectorAll(".explorer")) {
    const data = JSON.parse(section.querySelector("script").textContent);
    const find = (name) => section.querySelector(`.explorer-${name}`);
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const options = [...section.querySelectorAll("input[type=radio]")];
    const presets = [...section.querySelectorAll(".explorer-preset")];
    const moves = [...section.querySelectorAll(".explorer-handle")].map(
      (handle) => handle.dataset.moves.split(" ").map(Number));
    const positions = data.sizes.reduce(
      (all, size) => all.flatMap((at) => [...Array(size).keys()].map((k) => [...at, k])), [[]]);
    const current = () => sliders.map((slider) => Math.round(slider.value));
    const frame = (at) => {
      const { between, handles } = data.frames[indexOf(at)];
      return { pieces: data.pieces, between, handles };
    };
    const indexOf = (at) => at.reduce((index, k, slider) => index * data.sizes[slider] + k, 0);
    const start = frame(sliders.map((slider) => Number(slider.defaultValue)));

    // Of the positions between which a handle moves, the one where it is nearest to the pointer.
    const picture = explorerPicture(find("frame"), start, (handle, x, y) => {
      const now = current();
      const distance = (at) => {
        const [left, top] = data.frames[indexOf(at)].handles[handle];
        return Math.hypot(x - left, y - top);
      };
      const nearest = positions
        .filter((at) => at.every((k, slider) => k === now[slider] || moves[handle].includes(slider)))
        .reduce((best, at) => (distance(at) < distance(best) ? at : best), now);
      if (indexOf(nearest) !== indexOf(now)) move(nearest);
    });

    const say = ({ spoken, readout, printed }) => {
      find("frame").setAttribute("aria-label", spoken);
      find("readout").innerHTML = readout;
      if (printed) find("printout").innerHTML = printed;
    };
    const unopened = {
      spoken: find("frame").getAttribute("aria-label"),
      readout: find("readout").innerHTML,
      printed: find("printout")?.innerHTML,
    };
    const show = (jump) => {
      if (live && live.isBetween()) {
        live.draw();
        return;
      }
      current().forEach((at, k) => {
        sliders[k].setAttribute("aria-valuetext", data.spoken[k][at]);
        sliders[k].parentElement.querySelector("output").innerHTML = data.labels[k][at];
      });
      say(data.frames[indexOf(current())]);
      picture(frame(current()), jump);
    };
    const move = (at) => {
      at.forEach((value, k) => { sliders[k].value = value; });
      if (live) live.moved();
      else show();
    };
    const hasAnyValue = livePython.base() && data.controls.some(({ step }) => step);
    const live = hasAnyValue && liveExplorer(section, data, { sliders, show, say, draw: picture });

    const unlock = () => {
      for (const control of [...sliders, ...presets]) control.disabled = false;
      section.classList.add("explorer-open");
      if (live) live.unlock();
      show();
      // Paper asks the question and does not answer it.
      window.addEventListener("beforeprint", () => {
        say(unopened);
        picture(start, true);
      });
      window.addEventListener("afterprint", () => show(true));
    };
    const open = (verdict) => {
      find("verdict").innerHTML = verdict;
      for (const control of [...options, find("commit"), find("skip")]) control.disabled = true;
      unlock();
      sliders[0].focus({ preventScroll: true });
    };

    const [toRight, toWrong, toNone] = data.verdicts;
    for (const option of options) {
      option.addEventListener("change", () => { find("commit").disabled = false; });
    }
    find("commit")?.addEventListener("click", () => {
      const chosen = options.findIndex((option) => option.checked);
      open(chosen === data.right ? toRight : toWrong);
    });
    find("skip")?.addEventListener("click", () => open(toNone));
    if ("open" in section.dataset) unlock();
    for (const slider of sliders) {
      slider.addEventListener("input", () => (live ? live.slid(slider) : show()));
    }
    for (const preset of presets) {
      preset.addEventListener("click", () => move(JSON.parse(preset.dataset.at)));
    }
  }
});
