// The palette: what can be put into the DAG, dragged to the canvas or added by Enter.

import { element } from "./graph_canvas.js";

const GROUPS = { agent: "Agents", function: "Functions" };
const START_PIXELS = 4;

export class Palette {
  // `add` gets {what, name}; `over` says whether a pointer is where things can be dropped,
  // `drop` is told whether something is about to be dropped there.
  constructor(root, { add, over, drop }) {
    this.add = add;
    this.over = over;
    this.drop = drop;
    this.list = element(root, "div", "entries");
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Agents and functions: Enter adds one");
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointermove", (event) => this.#move(event));
    this.list.addEventListener("pointerup", (event) => this.#release(event));
    // The list, which has captured the pointer, is what gets a double click.
    this.list.addEventListener("dblclick", () => this.pressed && this.add(this.pressed.adding));
    this.list.addEventListener("pointercancel", () => this.#forget());
  }

  paint(entries) {
    this.list.replaceChildren();
    for (const [kind, title] of Object.entries(GROUPS)) {
      const mine = entries.filter((entry) => entry.kind === kind);
      if (mine.length) element(this.list, "div", "group").textContent = title;
      for (const entry of mine) this.#addEntry(entry);
    }
    this.options = [...this.list.querySelectorAll(".entry")];
    this.#current(this.options[0]);
    if (!entries.length) {
      element(this.list, "div", "nothing").textContent =
        "Nothing to add: DagBuilder(agents={…}, functions={…})";
    }
  }

  focus() {
    this.options.find((option) => option.tabIndex === 0)?.focus();
  }

  #addEntry({ kind, name, summary }) {
    const option = element(this.list, "div", `entry ${kind}`);
    option.setAttribute("role", "option");
    option.textContent = name;
    option.title = summary ? `${name}\n${summary}` : name;
    option.adding = { what: kind, name };
    option.addEventListener("pointerdown", (event) => this.#press(event, option));
    option.addEventListener("focus", () => this.#current(option));
  }

  // The one option that Tab reaches; arrows move from it.
  #current(chosen) {
    for (const option of this.options) {
      option.tabIndex = option === chosen ? 0 : -1;
      option.setAttribute("aria-selected", option === chosen);
    }
  }

  #key(event) {
    const at = this.options.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.options.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) this.options[Math.min(last, Math.max(0, to))].focus();
    else if (event.key === "Enter" || event.key === " ") this.add(event.target.adding);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #press(event, option) {
    if (event.button !== 0) return;
    this.pressed = option;
    this.drag = { option, x: event.clientX, y: event.clientY };
    this.list.setPointerCapture(event.pointerId);
    option.focus({ preventScroll: true });
    event.preventDefault(); // no text is selected on the way
  }

  #move(event) {
    const { drag } = this;
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) >= START_PIXELS;
    if (!drag.ghost && !far) return;
    drag.ghost ??= this.#makeGhost(drag.option);
    drag.ghost.style.left = `${event.clientX}px`;
    drag.ghost.style.top = `${event.clientY}px`;
    this.drop(this.over(event));
  }

  #release(event) {
    const { drag } = this;
    this.#forget();
    if (drag?.ghost && this.over(event)) this.add(drag.option.adding);
  }

  #forget() {
    this.drag?.ghost?.remove();
    this.drag = null;
    this.drop(false);
  }

  // Inside of the list, so that it has its colours; fixed, so that it follows the pointer.
  #makeGhost(option) {
    const ghost = element(this.list, "div", "ghost");
    ghost.textContent = option.textContent;
    return ghost;
  }
}
