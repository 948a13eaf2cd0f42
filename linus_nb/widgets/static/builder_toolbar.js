// The toolbar of the builder: what can be done, and what stands in the way of a run.

import { element } from "./graph_canvas.js";

const BUTTONS = {
  add: ["+ Add", "To the palette: Enter adds, a drag puts it on the canvas"],
  undo: ["↶ Undo", "Ctrl+Z"],
  redo: ["↷ Redo", "Ctrl+Shift+Z"],
  layout: ["⤢ Layout", "Turn the graph (left to right, top to bottom) and show all of it"],
  code: ["</> Code", "The cell that builds this DAG"],
  run: ["▶ Run", "Run the DAG here"],
  edit: ["← Edit", "Back to editing; a run goes on"],
  see: ["See the run", "To the latest run"],
};
const EDITING = ["add", "undo", "redo", "layout", "code", "run"];

export class BuilderToolbar {
  constructor(root, actions) {
    root.setAttribute("role", "toolbar");
    root.setAttribute("aria-label", "DAG builder");
    this.buttons = {};
    for (const [name, [text, title]] of Object.entries(BUTTONS)) {
      const button = element(root, "button", name);
      button.textContent = text;
      button.title = title;
      // A button that is off keeps the focus: only its look and its state change.
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") !== "true") actions[name]();
      });
      this.buttons[name] = button;
    }
    this.reason = element(root, "span", "reason");
    this.note = element(root, "span", "note");
    this.note.setAttribute("role", "status");
    this.problems = element(root, "button", "problems");
    this.problems.addEventListener("click", actions.jump);
  }

  // `undo`: what would be undone, "" if nothing; `redo`: what would be done again;
  // `reason`: why the DAG cannot run, "" if it can; `ran`: whether there is a run to see, `runs`:
  // whether it is seen.
  paint({ undo = "", redo = "", reason = "", ran, runs, code, problems, note }) {
    for (const name of EDITING) this.buttons[name].hidden = runs;
    this.buttons.edit.hidden = !runs;
    this.buttons.see.hidden = runs || !ran;
    this.#enable("undo", undo !== "", undo && `Undo: ${undo} (Ctrl+Z)`);
    this.#enable("redo", redo !== "", redo && `Redo: ${redo} (Ctrl+Shift+Z)`);
    this.#enable("run", reason === "");
    this.buttons.code.setAttribute("aria-pressed", code);
    this.#say(this.reason, runs || !reason ? "" : `Run is off: ${reason}`);
    this.#say(this.note, note);
    this.problems.hidden = runs;
    this.problems.classList.toggle("none", problems === 0);
    this.problems.setAttribute("aria-disabled", problems === 0);
    const count = problems === 1 ? "1 problem" : `${problems} problems`;
    this.#say(this.problems, problems === 0 ? "✓ no problems" : `! ${count}`);
    this.problems.title = problems === 0 ? "" : "To the next problem";
  }

  #enable(name, enabled, title) {
    this.buttons[name].setAttribute("aria-disabled", !enabled);
    if (title) this.buttons[name].title = title;
  }

  #say(part, text) {
    if (part.textContent !== text) part.textContent = text;
    if (part !== this.problems) {
      part.hidden = !text;
      part.title = text;
    }
  }
}
