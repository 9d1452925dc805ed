// The explorers on a built page: every number, word and picture was made by the package at build
// time; this only shows the frame that belongs to the position of the sliders.
document.addEventListener("DOMContentLoaded", () => {
  for (const section of document.querySelectorAll("section.explorer")) {
    const data = JSON.parse(section.querySelector("script").textContent);
    const find = (name) => section.querySelector(`.explorer-${name}`);
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const options = [...section.querySelectorAll("input[type=radio]")];
    const presets = [...section.querySelectorAll(".explorer-preset")];

    const present = ({ picture, spoken, readout }) => {
      find("frame").innerHTML = picture;
      find("frame").setAttribute("aria-label", spoken);
      find("readout").innerHTML = readout;
    };
    const unopened = {
      picture: find("frame").innerHTML,
      spoken: find("frame").getAttribute("aria-label"),
      readout: find("readout").innerHTML,
    };

    const show = () => {
      let index = 0;
      sliders.forEach((slider, k) => {
        const at = Number(slider.value);
        index = index * data.sizes[k] + at;
        slider.setAttribute("aria-valuetext", data.spoken[k][at]);
        slider.parentElement.querySelector("output").innerHTML = data.labels[k][at];
      });
      const { svg, spoken, readout } = data.frames[index];
      present({ picture: svg.map((line) => data.pieces[line]).join("\n"), spoken, readout });
    };

    const open = (verdict) => {
      find("verdict").innerHTML = verdict;
      for (const control of [...options, find("commit"), find("skip")]) control.disabled = true;
      for (const control of [...sliders, ...presets]) control.disabled = false;
      show();
      sliders[0].focus({ preventScroll: true });
      // Paper asks the question and does not answer it.
      window.addEventListener("beforeprint", () => present(unopened));
      window.addEventListener("afterprint", show);
    };

    const [toRight, toWrong, toNone] = data.verdicts;
    for (const option of options) {
      option.addEventListener("change", () => { find("commit").disabled = false; });
    }
    find("commit").addEventListener("click", () => {
      const chosen = options.findIndex((option) => option.checked);
      open(chosen === data.right ? toRight : toWrong);
    });
    find("skip").addEventListener("click", () => open(toNone));
    for (const slider of sliders) slider.addEventListener("input", show);
    for (const preset of presets) {
      preset.addEventListener("click", () => {
        JSON.parse(preset.dataset.at).forEach((at, k) => { sliders[k].value = at; });
        show();
      });
    }
  }
});
