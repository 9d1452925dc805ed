// The exercises on a built page. Nothing is decided here: the book was given what to say to each
// number and letter when it was built, and this finds it. lmmteach/exercises/page.py explains the
// hashes. A function is a matter of live-exercise.js.
document.addEventListener("DOMContentLoaded", () => {
  const hash32 = (text) => {
    let bits = 0x811c9dc5;
    for (const letter of text) bits = Math.imul(bits ^ letter.charCodeAt(0), 0x01000193);
    bits = Math.imul(bits ^ (bits >>> 15), 0x9e3779b1);
    return (bits ^ (bits >>> 13)) >>> 0;
  };

  const read = (cipher, key) => {
    const masked = Uint8Array.from(atob(cipher), (letter) => letter.charCodeAt(0));
    return new TextDecoder().decode(masked.map((byte, k) => byte ^ hash32(`${key}/${k}`)));
  };

  const lookUp = (data, answer) => {
    const found = data.cells[hash32(`${data.salt}/name/${answer}`)];
    if (!found) return data.other;
    const [which, sealed] = found;
    const key = (sealed ^ hash32(`${data.salt}/lock/${answer}`)) >>> 0;
    const [outcome, solutionKey, ...text] = read(data.texts[which], key).split("\n");
    return [outcome, text.join("\n"), solutionKey];
  };

  // What lmmteach/exercises/written.py reads as a number, and nothing else; NaN for the rest.
  const numberIn = (typed) => {
    const plain = typed
      .replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "")
      .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
      .replace(/[\u2010-\u2015\u2212\ufe58\ufe63]/g, "-")
      .replace(/[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g, " ")
      .replace(/^ | $/g, "");
    const sign = "([+-] ?)?";
    const whole = "([0-9]{1,3}([ '\u2019])[0-9]{3}(?:\\3[0-9]{3})*|[0-9]*)";
    const power = "(e[+-]?[0-9]+)?";
    const unit = "( ?(?:%|(?:log ?estrone|pg ?/ ?ml)(?:\u00b2|\\^2|\\*\\*2)?))?";
    const number = new RegExp(`^${sign}${whole}(?:[.,]([0-9]*))?${power}${unit}$`, "i");
    const found = plain.match(number);
    if (!found || !(found[2] || found[4])) return NaN;
    const digits = `${found[2].replace(/[^0-9]/g, "") || 0}.${found[4] || 0}${found[5] || ""}`;
    const value = Number((found[1] || "").trim() + digits);
    return (found[6] || "").endsWith("%") ? value / 100 : value;
  };

  const said = (data, typed) => {
    if (!typed) return data.empty;
    if (data.step === null) return lookUp(data, typed);
    const number = numberIn(typed);
    if (!Number.isFinite(number)) return data.unreadable;
    return lookUp(data, Math.floor(number / data.step + 0.5));
  };

  // The solution was made to HTML when the book was built; only its formulas are still TeX.
  const showSolution = (worked, html) => {
    worked.hidden = !html;
    worked.open = false;
    worked.lastElementChild.innerHTML = html;
    if (html) window.MathJax?.typesetPromise?.([worked.lastElementChild]);
  };

  for (const form of document.querySelectorAll("form.exercise")) {
    const data = JSON.parse(form.querySelector("script").textContent);
    const feedback = form.querySelector(".exercise-feedback");
    const worked = form.querySelector(".exercise-worked");
    const hints = [...form.querySelectorAll(".exercise-hints li")];
    const next = form.querySelector(".exercise-hint");
    const field = form.querySelector("input[type=text]");

    const say = (outcome, text, solutionKey) => {
      feedback.dataset.outcome = outcome;
      const heading = document.createElement("strong");
      heading.textContent = data.headings[outcome];
      const words = document.createElement("span");
      words.innerHTML = text;
      feedback.replaceChildren(heading, " ", words);
      showSolution(worked, solutionKey ? read(data.solution, solutionKey) : "");
    };
    // What was said belongs to the answer that stood there.
    const forget = () => {
      feedback.replaceChildren();
      delete feedback.dataset.outcome;
      showSolution(worked, "");
    };

    if (!form.classList.contains("exercise-code")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const chosen = field || form.querySelector("input:checked");
        say(...said(data, chosen ? chosen.value.trim() : ""));
      });
      form.addEventListener("input", forget);
    } else if (livePython.base()) {
      liveExercise(form, data, say, forget);
    }

    next.addEventListener("click", () => {
      const shown = hints.findIndex((hint) => hint.hidden);
      if (shown < 0) return;
      hints[shown].hidden = false;
      const last = shown + 1 === hints.length;
      // A disabled button would lose the focus, and with it the place of whoever uses the keyboard.
      next.setAttribute("aria-disabled", last);
      next.textContent = last ? "No more hints" : `Hint ${shown + 2} of ${hints.length}`;
    });
  }
});
