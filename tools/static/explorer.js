// The explorers on a built page: every number, word and picture was made by the package at build
// time. This shows the frame that belongs to the position of the sliders, and glides to it: on the
// way, what is between two frames is their mean; what is read and heard belongs to the frame.
document.addEventListener("DOMContentLoaded", () => {
  const GLIDE = 150;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  for (const section of document.querySelectorAll("section.explorer")) {
    const data = JSON.parse(section.querySelector("script").textContent);
    const find = (name) => section.querySelector(`.explorer-${name}`);
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const options = [...section.querySelectorAll("input[type=radio]")];
    const presets = [...section.querySelectorAll(".explorer-preset")];
    const panels = [...section.querySelectorAll(".explorer-marks")];
    const handles = [...section.querySelectorAll(".explorer-handle")];
    const indexOf = (at) => at.reduce((index, k, slider) => index * data.sizes[slider] + k, 0);
    const current = () => sliders.map((slider) => Number(slider.value));
    const start = data.frames[indexOf(sliders.map((slider) => Number(slider.defaultValue)))];

    // What can be seen now: a frame, or what lies between two.
    let seen = start, gliding;
    const paint = (picture) => {
      let next = 0;
      seen = picture;
      panels.forEach((panel, k) => {
        const [first, ...others] = data.pieces[k];
        panel.innerHTML = first + others.map((piece) => picture.marks[next++] + piece).join("");
      });
      handles.forEach((handle, k) => {
        handle.setAttribute("transform", `translate(${picture.handles[k].join(" ")})`);
      });
    };
    const between = (share, from, to) => {
      if (Array.isArray(to)) return to.map((value, k) => between(share, from[k], value));
      return typeof to === "number" ? from + share * (to - from) : to;
    };
    const glide = (from, to) => {
      const begin = performance.now();
      const step = (now) => {
        const rest = 1 - Math.max(0, now - begin) / GLIDE;
        if (rest <= 0) return paint(to);
        const share = 1 - rest * rest;
        paint({
          marks: between(share, from.marks, to.marks),
          handles: between(share, from.handles, to.handles),
        });
        gliding = requestAnimationFrame(step);
      };
      gliding = requestAnimationFrame(step);
    };
    const present = (frame, readout, spoken, jump = still.matches) => {
      find("frame").setAttribute("aria-label", spoken);
      find("readout").innerHTML = readout;
      if (frame.printed) find("printout").innerHTML = frame.printed;
      cancelAnimationFrame(gliding);
      if (jump) paint(frame);
      else glide(seen, frame);
    };
    const unopened = [start, find("readout").innerHTML, find("frame").getAttribute("aria-label")];

    const show = (jump) => {
      current().forEach((at, k) => {
        sliders[k].setAttribute("aria-valuetext", data.spoken[k][at]);
        sliders[k].parentElement.querySelector("output").innerHTML = data.labels[k][at];
      });
      const frame = data.frames[indexOf(current())];
      present(frame, frame.readout, frame.spoken, jump);
    };
    const move = (at) => {
      at.forEach((value, k) => { sliders[k].value = value; });
      show();
    };

    const unlock = () => {
      for (const control of [...sliders, ...presets]) control.disabled = false;
      section.classList.add("explorer-open");
      show();
      // Paper asks the question and does not answer it.
      window.addEventListener("beforeprint", () => present(...unopened, true));
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
    for (const slider of sliders) slider.addEventListener("input", () => show());
    for (const preset of presets) {
      preset.addEventListener("click", () => move(JSON.parse(preset.dataset.at)));
    }

    // A handle is pulled: of the positions that it moves between, the one where it is nearest.
    const positions = data.sizes.reduce(
      (all, size) => all.flatMap((at) => [...Array(size).keys()].map((k) => [...at, k])), [[]]);
    handles.forEach((handle, h) => {
      const moves = handle.dataset.moves.split(" ").map(Number);
      const place = (at) => data.frames[indexOf(at)].handles[h];
      const pointer = ({ clientX, clientY }) => new DOMPoint(clientX, clientY)
        .matrixTransform(handle.ownerSVGElement.getScreenCTM().inverse());
      let held;
      handle.addEventListener("pointerdown", (event) => {
        const { x, y } = pointer(event);
        const [left, top] = place(current());
        held = [x - left, y - top];
        handle.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      handle.addEventListener("pointermove", (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const { x, y } = pointer(event), now = current();
        const far = (at) => Math.hypot(x - held[0] - place(at)[0], y - held[1] - place(at)[1]);
        const nearest = positions
          .filter((at) => at.every((value, k) => value === now[k] || moves.includes(k)))
          .reduce((best, at) => (far(at) < far(best) ? at : best), now);
        if (indexOf(nearest) !== indexOf(now)) move(nearest);
      });
    });
  }
});
