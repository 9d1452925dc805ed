// An explorer on a page that has a Python: with "Any value", its sliders stop between the frames as
// well, and numbers can be typed. What is seen and said there comes from the code that made the
// frames, lmmteach/widgets/anywhere.py; here numbers and sliders are only kept in step.
//
// ``page`` has the sliders of the page, ``show`` (the frame at their positions), ``draw(picture)``
// and ``say(picture)``. What comes back knows whether the kernel is to draw.
function liveExplorer(section, data, page) {
  const find = (name) => section.querySelector(`.explorer-${name}`);
  const controls = data.controls.map((control, k) => ({ ...control, slider: page.sliders[k] }));
  let isOpen = false, isDrawing = false, isWaiting = false;

  const put = (place, html) => {
    const element = document.createElement("p");
    element.className = `explorer-${place}`;
    element.innerHTML = html;
    find("controls").append(element);
    return element;
  };
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "explorer-any", disabled: true });
  button.textContent = "Any value";
  const problem = put("problem", "");
  problem.setAttribute("role", "status");
  const loading = put("loading", "");
  loading.classList.add("live-loading");
  loading.hidden = true;
  problem.before(button);

  // On a slider, a number lies between two positions as it lies between their values.
  const numberAt = ({ values }, place) => {
    const left = Math.floor(place), right = Math.ceil(place);
    if (values[left] === null || values[right] === null) return null;
    const number = values[left] + (place - left) * (values[right] - values[left]);
    return Number(number.toPrecision(4));
  };
  const placeOf = ({ values }, number) => {
    const right = values.findIndex((value) => value !== null && value >= number);
    if (right < 0) return values.findLastIndex((value) => value !== null);
    if (right === 0) return 0;
    return right - (values[right] - number) / (values[right] - values[right - 1]);
  };

  const isBetween = () => isOpen && controls.some(({ number, slider, start }, k) => (
    number !== undefined || (k >= page.sliders.length && Number(slider.value) !== start)));

  const draw = async () => {
    // While Python draws one picture, only the last of the others waits.
    isWaiting = isDrawing;
    if (isDrawing) return;
    isDrawing = true;
    const given = controls.map(({ number, slider }) => (
      number === undefined ? { at: Math.round(slider.value) } : { value: number }));
    try {
      const picture = await livePython.ask({ name: data.name, given }, loading);
      problem.innerHTML = picture.problem || "";
      if (!picture.problem && isBetween()) {
        controls.forEach(({ slider }, k) => {
          slider.setAttribute("aria-valuetext", picture.spoken_texts[k]);
          slider.parentElement.querySelector("output").innerHTML = picture.texts[k];
        });
        page.say(picture);
        page.draw(picture);
      }
    } catch (error) {
      problem.textContent = `Python could not draw this (${error.message}). Try it once more.`;
    }
    isDrawing = false;
    if (isWaiting) draw();
  };

  const show = () => (isBetween() ? draw() : page.show());

  // A position, to which the control is moved.
  const settle = (control, place) => {
    control.slider.value = place;
    delete control.number;
    if (control.field) control.field.value = control.values[place] ?? "";
  };

  const slide = (control) => {
    const place = Number(control.slider.value), near = Math.round(place);
    const number = control.step === "any" ? numberAt(control, place) : null;
    if (number === null || Math.abs(place - near) < 0.05) return settle(control, near);
    control.number = number;
    control.field.value = number;
  };

  const type = (control) => {
    const number = control.field.valueAsNumber;
    if (Number.isNaN(number)) return;
    const place = placeOf(control, number);
    control.slider.value = place;
    if (control.values[place] === number) delete control.number;
    else control.number = number;
    show();
  };

  // The controls of the live form that the page has no frames for.
  const addSlider = (control) => {
    const { name, label, spoken, values, start } = control;
    const id = `${data.name}-${name}`;
    const row = document.createElement("p");
    row.innerHTML = `<label for="${id}">${label}</label> <output for="${id}" aria-live="off">`
      + `</output><input type="range" id="${id}" min="0" max="${values.length - 1}">`;
    page.sliders.at(-1).parentElement.after(row);
    control.slider = row.lastChild;
    control.slider.setAttribute("aria-label", spoken);
    control.slider.value = start;
    control.slider.addEventListener("input", () => { slide(control); show(); });
  };

  const addField = (control) => {
    const finite = control.values.filter((value) => value !== null);
    const field = document.createElement("input");
    Object.assign(field, {
      type: "number", min: finite[0], max: finite.at(-1), step: control.step,
      className: "explorer-number",
    });
    field.setAttribute("aria-label", `${control.spoken}, as a number`);
    field.addEventListener("input", () => type(control));
    control.slider.before(field);
    control.field = field;
    if (control.step === "any") control.slider.step = "any";
    settle(control, Math.round(control.slider.value));
  };

  button.addEventListener("click", async () => {
    if (isOpen || button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", true);
    for (const control of controls.slice(page.sliders.length)) {
      if (!control.slider) addSlider(control);
    }
    try {
      // The first picture takes longest: all that the others share is made for it.
      const given = controls.map(({ slider }) => ({ at: Number(slider.value) }));
      const picture = await livePython.ask({ name: data.name, given }, loading);
      isOpen = true;
      controls.forEach((control, k) => {
        control.slider.parentElement.querySelector("output").innerHTML = picture.texts[k];
        control.slider.setAttribute("aria-valuetext", picture.spoken_texts[k]);
        if (control.step) addField(control);
      });
      problem.textContent = "The sliders stop at any value now, and you can type numbers.";
      controls.find(({ field }) => field).field.focus({ preventScroll: true });
      button.remove();
    } catch (error) {
      problem.textContent = `Python could not be loaded (${error.message}).`;
      button.removeAttribute("aria-disabled");
    }
  });

  return {
    isBetween,
    draw,
    unlock: () => { button.disabled = false; },
    slid: (slider) => { slide(controls.find((control) => control.slider === slider)); show(); },
    // To a frame, of which the page has the picture.
    moved: () => {
      if (!isOpen) return page.show();
      controls.forEach((control, k) => settle(
        control, k < page.sliders.length ? Math.round(control.slider.value) : control.start));
      problem.textContent = "";
      return page.show();
    },
  };
}
