// What tools/static/live-exercise.js needs of CodeMirror, as one file: tools/static/codemirror.js.
export { EditorState } from "@codemirror/state";
export { EditorView, keymap, drawSelection, lineNumbers } from "@codemirror/view";
export { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
export { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
export { pythonLanguage } from "@codemirror/lang-python";
export { classHighlighter } from "@lezer/highlight";
