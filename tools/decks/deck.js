// A deck: typeset its formulas, make too full a slide fit, then hand over to reveal.js.
const SMALLEST = 0.6, STEP = 0.04;
const root = document.documentElement;
const asked = new URLSearchParams(location.search);
const isPaper = asked.has("print-pdf");
const night = matchMedia("(prefers-color-scheme: dark)");

const paintAs = (theme) => { root.dataset.theme = theme; };
paintAs(isPaper ? "light" : asked.get("theme") ?? (night.matches ? "dark" : "light"));

// A formula that is too wide becomes smaller alone.
const fitFormula = (box) => {
  for (let size = 1; size >= 0.5 && box.scrollWidth > box.clientWidth + 1; size -= STEP) {
    box.style.setProperty("--own-fit", size.toFixed(2));
  }
};

const bursts = (slide) => {
  const body = slide.querySelector(".body") ?? slide;
  const inner = [...body.querySelectorAll("pre, .formula > .math, table, .explorer")];
  return [body, ...inner].some((box) => box.scrollWidth > box.clientWidth + 1)
    || body.scrollHeight > body.clientHeight + 1;
};

// Letters of a slide become smaller together, down to a size that the last row can still read.
const fit = (slide) => {
  for (let size = 1; size >= SMALLEST; size -= STEP) {
    slide.style.setProperty("--fit", size.toFixed(2));
    if (!bursts(slide)) return;
  }
};

const fitAll = () => {
  const reveal = document.querySelector(".reveal");
  reveal.classList.add("measuring");
  for (const slide of reveal.querySelectorAll(".slides > section")) {
    slide.querySelectorAll(".formula > .math").forEach(fitFormula);
    fit(slide);
    // After the answer an explorer shows its controls and its verdict; later, longer readouts.
    const again = (event) => requestAnimationFrame(() => {
      if (event.type === "click" || bursts(slide)) fit(slide);
    });
    const explorer = slide.querySelector(".explorer");
    explorer?.addEventListener("click", again);
    explorer?.addEventListener("input", again);
  }
  reveal.classList.remove("measuring");
};

window.MathJax = {
  // Paths of their own for each formula: so the speaker's window, which gets a copy, shows them.
  svg: { fontCache: "none" },
  options: { ignoreHtmlClass: "slides", processHtmlClass: "math", enableMenu: false },
  startup: {
    pageReady: async () => {
      await MathJax.startup.defaultPageReady();
      for (const copy of document.querySelectorAll(".notes mjx-assistive-mml")) copy.remove();
      fitAll();
      await Reveal.initialize({
        width: 1280,
        height: 720,
        margin: 0,
        minScale: 0.1,
        maxScale: 4,
        center: false,
        hash: true,
        controls: false,
        slideNumber: "c/t",
        transition: "none",
        totalTime: 50 * 60,
        pdfSeparateFragments: false,
        pdfMaxPagesPerSlide: 1,
        plugins: [RevealNotes],
        keyboard: { 68: () => paintAs(root.dataset.theme === "dark" ? "light" : "dark") },
      });
      root.dataset.ready = "";
    },
  },
};
