// A function exercise on a page that has a Python: an editor, and what lmmteach/exercises/typed.py
// says of the code in it. Nothing is decided here.
const liveExercise = (() => {
  const script = document.currentScript.src;
  let editors = null;

  // The editor's library comes with the first exercise that needs it.
  const library = () => {
    editors ??= new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = new URL("codemirror.js", script);
      element.onload = resolve;
      element.onerror = reject;
      document.head.append(element);
    });
    return editors;
  };

  // In the place of a plain field, with its label and its help: colours, line numbers, indenting.
  const editorFor = (field, changed, submit) => {
    const { EditorState, EditorView, keymap } = CodeMirror;
    const run = () => {
      submit();
      return true;
    };
    const view = new EditorView({
      doc: field.value,
      extensions: [
        CodeMirror.lineNumbers(),
        CodeMirror.history(),
        CodeMirror.drawSelection(),
        CodeMirror.indentOnInput(),
        CodeMirror.bracketMatching(),
        CodeMirror.indentUnit.of("    "),
        EditorState.tabSize.of(4),
        CodeMirror.pythonLanguage,
        CodeMirror.syntaxHighlighting(CodeMirror.classHighlighter),
        keymap.of([
          ...["Ctrl-Enter", "Mod-Enter", "Shift-Enter"].map((key) => ({ key, run })),
          ...CodeMirror.defaultKeymap,
          ...CodeMirror.historyKeymap,
          CodeMirror.indentWithTab,
        ]),
        EditorView.contentAttributes.of({
          "aria-labelledby": field.labels[0].id,
          "aria-describedby": field.getAttribute("aria-describedby"),
          tabindex: "0",
          spellcheck: "false",
          autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
      ],
    });
    field.labels[0].addEventListener("click", () => view.focus());
    field.hidden = true;
    field.after(view.dom);
    return {
      read: () => view.state.doc.toString(),
      write: (text) => view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
      }),
      focus: () => view.focus(),
    };
  };

  const plain = (field, changed, submit) => {
    field.addEventListener("input", changed);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
      event.preventDefault();
      submit();
    });
    return {
      read: () => field.value,
      write: (text) => {
        field.value = text;
        changed();
      },
      focus: () => field.focus(),
    };
  };

  // ``say(outcome, html, key to the solution)`` and ``forget()`` are those of the other exercises.
  return async (form, data, say, forget) => {
    const field = form.querySelector("textarea");
    const check = form.querySelector("[type=submit]");
    const printed = form.querySelector(".exercise-printed");
    const loading = form.querySelector(".live-loading");
    const begun = field.value;
    const kept = `lmmteach ${livePython.base().pathname} ${data.key}`;
    let isBusy = false;

    // A browser may allow nothing to be kept.
    const storage = (work) => {
      try { return work(localStorage); } catch { return null; }
    };
    const quiet = () => {
      forget();
      printed.hidden = true;
    };
    const changed = () => {
      const code = editor.read();
      storage((store) => (code === begun ? store.removeItem(kept) : store.setItem(kept, code)));
      if (!isBusy) quiet();
    };

    const answered = (code, said) => {
      if (editor.read() !== code) return say("not attempted", data.changed);
      printed.textContent = said.printed;
      printed.hidden = !said.printed;
      return say(said.outcome, said.text, said.solution);
    };
    const submit = async () => {
      if (isBusy) return;
      const code = editor.read();
      quiet();
      isBusy = true;
      // A disabled button would lose the focus, and with it the place of whoever uses the keyboard.
      check.setAttribute("aria-disabled", true);
      check.textContent = "Running …";
      try {
        answered(code, await livePython.ask({ key: data.key, code }, loading));
      } catch (error) {
        const why = document.createElement("span");
        why.textContent = error.message;
        say("error", data.failed.replace("{}", why.innerHTML));
      }
      isBusy = false;
      check.removeAttribute("aria-disabled");
      check.textContent = "Check";
    };

    field.value = storage((store) => store.getItem(kept)) ?? begun;
    form.hidden = false;
    form.closest(".exercise-block").querySelector(".exercise-elsewhere").hidden = true;
    let editor = plain(field, changed, submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    form.querySelector(".exercise-again").addEventListener("click", () => {
      editor.write(begun);
      editor.focus();
      say("not attempted", data.again);
    });
    // Without the library the plain field does it.
    await library().then(() => { editor = editorFor(field, changed, submit); }, () => {});
  };
})();
