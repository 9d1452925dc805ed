// What follows a box "Predict first" is a native details, which works without this script; so is a
// section for a second reading. The script adds a line to write the prediction on, which then stays
// beside the answer, and opens everything for print in browsers that do not obey the style sheet
// there.
document.addEventListener("DOMContentLoaded", () => {
  const all = [...document.querySelectorAll("details.prediction")];

  all.forEach((details, k) => {
    const field = document.createElement("p");
    field.className = "prediction-field";
    const label = document.createElement("label");
    label.htmlFor = `prediction-${k + 1}`;
    label.textContent = "Your prediction";
    const input = document.createElement("input");
    Object.assign(input, { type: "text", id: label.htmlFor, autocomplete: "off" });
    field.append(label, " ", input);
    details.before(field);

    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || details.open) return;
      // Otherwise the same key press would reach the summary, and close it again.
      event.preventDefault();
      details.open = true;
      details.querySelector("summary").focus({ preventScroll: true });
    });
    details.addEventListener("toggle", () => {
      input.readOnly = details.open;
      // Who has asked without a prediction needs no line to write on.
      field.classList.toggle("prediction-asked", details.open && !input.value.trim());
    });
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    const later = document.querySelectorAll("details.second-reading");
    opened = [...all, ...later].filter((details) => !details.open);
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
});
