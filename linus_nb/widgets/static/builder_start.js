// What a run starts from: one line for each state key that no node writes.

import { element } from "./graph_canvas.js";

let forms = 0;

export class StartForm {
  constructor(root, { run, close }) {
    this.number = forms++;
    this.typed = new Map(); // by key; kept for the next run
    this.run = run;
    const head = element(root, "div", "side-head");
    element(head, "span", "side-title").textContent = "Initial state";
    const cancel = element(head, "button", "close");
    cancel.textContent = "✕";
    cancel.setAttribute("aria-label", "Do not run");
    cancel.addEventListener("click", close);
    element(root, "p", "help").textContent =
      "No node writes these keys. JSON is read as JSON, anything else is text.";
    this.form = element(root, "form", "lines");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
  }

  paint(keys) {
    if (JSON.stringify(keys) === this.shown) return;
    this.shown = JSON.stringify(keys);
    this.form.replaceChildren();
    this.inputs = keys.map((key, at) => {
      const label = element(this.form, "label", "");
      label.textContent = key;
      label.htmlFor = `linus-start-${this.number}-${at}`;
      const input = element(this.form, "textarea", "");
      Object.assign(input, { id: label.htmlFor, rows: 2, value: this.typed.get(key) ?? "" });
      input.addEventListener("input", () => this.typed.set(key, input.value));
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey) this.#submit(event);
      });
      return input;
    });
    const start = element(this.form, "button", "start");
    start.textContent = "▶ Start";
  }

  focus() {
    this.inputs[0]?.focus();
  }

  #submit(event) {
    event.preventDefault();
    const keys = JSON.parse(this.shown);
    this.run(keys.map((key, at) => [key, this.inputs[at].value]));
  }
}
