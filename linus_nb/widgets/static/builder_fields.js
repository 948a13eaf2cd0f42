// One field of the form: what stands in it, and what is typed but not yet known to Python.
//
// While somebody types, nothing from Python changes the text or the cursor: an answer is shown
// only when it answers the last thing that was sent, and never under the cursor of its writer.

import { element } from "./graph_canvas.js";

const PAUSE = 250; // milliseconds without a key until what was typed is sent
const TALLEST = 170; // pixels of a text
const MAKERS = { long: makeLong, mapping: makeLong, choice: makeChoice, flag: makeFlag };
let fields = 0;

export class Field {
  // `send` gets the value whenever it has changed.
  constructor(root, { name, label, kind }, send) {
    this.send = send;
    this.flag = kind === "flag";
    this.box = element(root, "div", `field ${kind}`);
    const id = `linus-field-${fields++}`;
    this.label = element(this.box, "label", "");
    this.label.htmlFor = id;
    this.label.textContent = label;
    this.input = (MAKERS[kind] ?? makeText)(this.box, kind);
    this.input.id = id;
    this.input.dataset.field = name;
    this.problem = element(this.box, "div", "problem");
    this.problem.id = `${id}-problem`;
    this.problem.hidden = true;
    this.help = element(this.box, "div", "help");
    this.help.id = `${id}-help`;
    this.input.setAttribute("aria-describedby", `${id}-problem ${id}-help`);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("change", () => this.flush());
    this.input.addEventListener("blur", () => this.#left());
  }

  // `answers`: whether Python knows all that was sent; `own`: whether this answers our own edit.
  paint({ value, choices, help, problem }, { answers, own }) {
    this.known = value;
    if (this.input.localName === "select") this.#offer(choices ?? []);
    const typing = this.timer !== undefined || (own && document.activeElement === this.input);
    if (answers) this.waiting = false;
    if (answers && !typing) this.#put(value);
    this.help.textContent = help ?? "";
    this.help.hidden = !help;
    this.problem.textContent = problem ?? "";
    const found = this.problem.hidden && problem;
    this.problem.hidden = !problem;
    if (found && document.activeElement === this.input) this.problem.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-invalid", Boolean(problem));
  }

  // Sends what was typed and not yet sent.
  flush() {
    if (this.drop()) this.send(this.#value());
  }

  // Returns whether something is to be sent, which the caller does.
  drop() {
    if (this.timer === undefined) return false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = true;
    return true;
  }

  // Puts text where the cursor is, so that the browser's own undo knows of it; returns before
  // which character, as Python counts them.
  insert(text) {
    this.flush();
    const { input } = this;
    const at = input.selectionStart;
    input.focus();
    input.setSelectionRange(at, at);
    if (!document.execCommand("insertText", false, text)) {
      input.setRangeText(text, at, at, "end");
      this.#typed();
    }
    return [...input.value.slice(0, at)].length;
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE);
    if (this.input.localName === "textarea") fit(this.input);
  }

  // What Python made of it (" 3" is 3) is shown once nobody writes here.
  #left() {
    this.flush();
    if (!this.waiting) this.#put(this.known);
  }

  #value() {
    return this.flag ? String(this.input.checked) : this.input.value;
  }

  #put(value) {
    if (this.flag) this.input.checked = value === "true";
    else if (this.input.value !== value.replace(/\r\n?/g, "\n")) this.input.value = value;
    if (this.input.localName === "textarea") fit(this.input);
  }

  #offer(choices) {
    const now = [...this.input.options].map((option) => option.value);
    if (JSON.stringify(now) === JSON.stringify(choices)) return;
    this.input.replaceChildren();
    for (const choice of choices) element(this.input, "option", "").textContent = choice;
  }
}

function makeText(box, kind) {
  const input = element(box, "input", "");
  input.type = "text"; // not "number": what is no number must stay to be read and mended
  if (kind === "number") input.inputMode = "decimal";
  input.spellcheck = false;
  input.autocomplete = "off";
  return input;
}

function makeLong(box, kind) {
  const area = element(box, "textarea", "");
  area.rows = 2;
  area.spellcheck = kind === "long";
  return area;
}

function makeChoice(box) {
  return element(box, "select", "");
}

function makeFlag(box) {
  const input = element(box, "input", "");
  input.type = "checkbox";
  return input;
}

// As high as its text, up to a point.
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(TALLEST, area.scrollHeight + 2)}px`;
}
