// The picture of an explorer, on a built page and in a notebook alike. A picture is what the
// package has drawn: for each panel the pieces of its SVG, the numbers and words between them, and
// where its handles lie. On the way from one picture to the next, what is seen is their mean.
const FRAME = 1000 / 60, GLIDE = 150;
const motionless = matchMedia("(prefers-reduced-motion: reduce)");

function mean(share, from, to) {
  if (Array.isArray(to)) return to.map((value, k) => mean(share, from[k], value));
  // Where something else stood before, as between two kinds of pictures, nothing lies in between.
  return typeof to === "number" && typeof from === "number" ? from + share * (to - from) : to;
}

// Returns what shows the next picture; ``pull(handle, x, y)`` is told where a pointer wants a handle.
function explorerPicture(root, picture, pull) {
  const panels = [...root.querySelectorAll(".explorer-marks")];
  const handles = [...root.querySelectorAll(".explorer-handle")];
  let seen = picture, target = picture, running = 0, painted;

  const paint = (next) => {
    let slot = 0;
    seen = next;
    panels.forEach((panel, k) => {
      const [first, ...others] = next.pieces[k];
      panel.innerHTML = first + others.map((piece) => next.between[slot++] + piece).join("");
    });
    handles.forEach((handle, k) => {
      handle.setAttribute("transform", `translate(${next.handles[k].join(" ")})`);
    });
  };

  const show = (next, jump = motionless.matches) => {
    // A glide that is interrupted goes on without a halt, and one that begins shows it at once.
    // Two pictures may be asked for before either has been painted.
    if (!running) painted = performance.now() - FRAME;
    const from = seen, begin = painted;
    cancelAnimationFrame(running);
    running = 0;
    target = next;
    if (from.between === next.between) return;
    if (jump || from.between.length !== next.between.length) return paint(next);
    const step = (now) => {
      const rest = 1 - (now - begin) / GLIDE;
      painted = now;
      running = 0;
      if (rest <= 0) return paint(next);
      const share = 1 - rest * rest;
      paint({
        pieces: next.pieces,
        between: mean(share, from.between, next.between),
        handles: mean(share, from.handles, next.handles),
      });
      running = requestAnimationFrame(step);
    };
    running = requestAnimationFrame(step);
  };

  handles.forEach((handle, k) => {
    const under = ({ clientX, clientY }) => new DOMPoint(clientX, clientY)
      .matrixTransform(handle.ownerSVGElement.getScreenCTM().inverse());
    let grip;
    // The page would scroll under the finger: not every browser heeds touch-action inside an SVG.
    handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    handle.addEventListener("pointerdown", (event) => {
      const { x, y } = under(event);
      grip = [x - target.handles[k][0], y - target.handles[k][1]];
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      // Nothing moves yet, but a kernel can find out where the handle can go.
      pull(k, ...target.handles[k]);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { x, y } = under(event);
      pull(k, x - grip[0], y - grip[1]);
    });
  });

  return show;
}
