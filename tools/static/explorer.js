// The explorers on a built page: every number and picture was made by the package at build time;
// this only shows the frame that belongs to the position of the sliders.
document.addEventListener("DOMContentLoaded", () => {
  for (const section of document.querySelectorAll("section.explorer")) {
    const data = JSON.parse(section.querySelector("script").textContent);
    const find = (name) => section.querySelector(`.explorer-${name}`);
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const options = [...section.querySelectorAll("input[type=radio]")];
    const presets = [...section.querySelectorAll(".explorer-preset")];

    const show = () => {
      let index = 0;
      sliders.forEach((slider, k) => {
        const at = Number(slider.value);
        index = index * data.sizes[k] + at;
        slider.setAttribute("aria-valuetext", data.labels[k][at]);
        slider.parentElement.querySelector("output").textContent = data.labels[k][at];
      });
      const frame = data.frames[index];
      find("frame").innerHTML = frame.svg.map((line) => data.pieces[line]).join("\n");
      find("frame").setAttribute("aria-label", `${frame.where}: ${frame.readout}`);
      find("readout").textContent = frame.readout;
    };

    const open = (verdict) => {
      find("verdict").textContent = verdict;
      for (const control of [...options, find("commit"), find("skip")]) control.disabled = true;
      for (const control of [...sliders, ...presets]) control.disabled = false;
      sliders[0].focus({ preventScroll: true });
    };

    for (const option of options) {
      option.addEventListener("change", () => { find("commit").disabled = false; });
    }
    find("commit").addEventListener("click", () => {
      const right = options.findIndex((option) => option.checked) === data.right;
      open(`${right ? "Yes." : "No."} ${data.why}`);
    });
    find("skip").addEventListener("click", () => open(""));
    for (const slider of sliders) slider.addEventListener("input", show);
    for (const preset of presets) {
      preset.addEventListener("click", () => {
        JSON.parse(preset.dataset.at).forEach((at, k) => { sliders[k].value = at; });
        show();
      });
    }
  }
});
