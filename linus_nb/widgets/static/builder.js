// The DagBuilder widget: toolbar, palette, canvas and form; the run in their place while it runs.
//
// What is edited lives in Python. Each message carries the revision of the drawing that its ids
// are from, so that a message which crosses a new drawing still means the node that was meant.

import { CodePanel } from "./builder_code.js";
import { BuilderForm } from "./builder_form.js";
import { Palette } from "./builder_palette.js";
import { StartForm } from "./builder_start.js";
import { BuilderToolbar } from "./builder_toolbar.js";
import { element } from "./graph_canvas.js";
import { bindCanvas, listen } from "./graph_view.js";
import { RunView } from "./run_view.js";

const LOST = "The kernel is gone: run the cell again.";

class Builder {
  constructor(model, el, signal) {
    this.model = model;
    this.signal = signal;
    this.root = element(el, "div", "linus-view linus-builder");
    this.root.style.height = `${model.get("height")}px`;
    // Keys pressed here are ours, not JupyterLab's: "d, d" must not delete the cell.
    this.root.setAttribute("data-lm-suppress-shortcuts", "true");
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.toolbar = new BuilderToolbar(element(this.root, "div", "builder-toolbar"), {
      add: () => this.palette.focus(),
      undo: () => this.send({ kind: "undo" }),
      redo: () => this.send({ kind: "redo" }),
      layout: () => this.#layOut(),
      run: () => this.#start(),
      code: () => this.show("code"),
      edit: () => this.#setMode("edit"),
      see: () => this.#setMode("run"),
      jump: () => this.#jump(),
    });
    this.#addBody();
    this.#listen();
    this.aside = "form";
    this.problem = -1;
    this.paint();
    this.#placeRun();
  }

  // Sends a message, after what was typed and not yet sent.
  send(message) {
    this.form.flush();
    this.post(message);
  }

  post(message) {
    try {
      this.model.send({ ...message, revision: this.model.get("revision") });
      this.lost = "";
    } catch {
      this.lost = LOST; // an editor without its kernel: nothing comes of what is done in it
    }
  }

  // Selects a node or an edge, or nothing; its form comes, with the focus if `field` names one.
  choose(id, field) {
    this.model.set("selected", id);
    const [node, target] = id.split(" ");
    this.#clicked(target ? { kind: "click", source: node, target } : { kind: "click", node }, field);
  }

  // Shows the form, the code, or the form that starts a run, at the right.
  show(aside) {
    this.aside = this.aside === aside ? "form" : aside;
    this.paint();
    if (this.aside === "code") this.code.focus();
    if (this.aside === "start") this.start.focus();
  }

  paint() {
    const { model } = this;
    const runs = model.get("mode") === "run";
    this.toolbar.paint({
      ...model.get("toolbar"),
      runs,
      ran: model.get("run_model") !== "",
      code: this.aside === "code",
      problems: model.get("problems").length,
      note: this.lost || model.get("note"),
    });
    this.body.inert = runs;
    this.body.classList.toggle("covered", runs);
    this.body.classList.toggle("wide-side", this.aside === "code");
    this.runBox.hidden = !runs;
    this.empty.hidden = this.canvas.nodes?.size > 0;
    for (const [name, part] of Object.entries(this.asides)) part.hidden = name !== this.aside;
    this.form.paint(model.get("form"), model.get("problems"), model.get("edit"));
    this.code.paint(model.get("cell"));
    this.start.paint(model.get("run_keys"));
  }

  #addBody() {
    const stage = element(this.root, "div", "builder-stage");
    this.body = element(stage, "div", "builder-body");
    this.palette = new Palette(element(this.body, "div", "builder-palette"), {
      add: (entry) => this.send({ kind: "add", ...entry }),
      over: (event) => this.middle.contains(document.elementFromPoint(event.clientX, event.clientY)),
      drop: (here) => this.middle.classList.toggle("dropping", here),
    });
    this.palette.paint(this.model.get("palette"));
    this.middle = element(this.body, "div", "builder-canvas");
    const graph = element(this.middle, "div", "graph");
    this.canvas = bindCanvas(this.model, graph, this.signal, (gesture, key) => {
      if (gesture.kind === "click") this.#clicked(gesture, key === "Enter" ? "first" : undefined);
      else this.send(gesture);
    });
    this.#addInvitation();
    this.#addAsides();
    this.runBox = element(stage, "div", "builder-run");
  }

  #addInvitation() {
    this.empty = element(this.middle, "div", "builder-empty");
    const line = element(this.empty, "p", "");
    line.append("Drag an agent here, or ");
    const link = element(line, "button", "link");
    link.textContent = "load an example";
    link.addEventListener("click", () => this.send({ kind: "example" }));
    element(this.empty, "p", "keys").textContent =
      "With the keyboard: Tab to the palette, arrows, Enter.";
  }

  #addAsides() {
    const side = element(this.body, "div", "builder-side");
    const [form, code, start] = ["form", "code", "start"].map((name) =>
      element(side, "div", `builder-${name}`),
    );
    this.asides = { form, code, start };
    this.form = new BuilderForm(form, {
      post: (message) => this.post(message),
      send: (message) => this.send(message),
      choose: (id, field) => this.choose(id, field),
      leave: () => this.#toCanvas(),
    });
    this.code = new CodePanel(code, { close: () => this.show("form") });
    this.start = new StartForm(start, {
      run: (values) => this.#run(values),
      close: () => this.show("form"),
    });
  }

  #listen() {
    const { model, signal } = this;
    listen(model, ["palette"], () => this.palette.paint(model.get("palette")), signal);
    listen(model, ["run_model"], () => this.#placeRun(), signal);
    listen(model, ["svg"], () => this.#reveal(), signal);
    // One message may change many of them: it is painted once.
    model.on("change", this.#repaint);
    signal.addEventListener("abort", () => {
      model.off("change", this.#repaint);
      this.form.flush();
    });
  }

  #repaint = () => this.paint();

  // What was clicked gets its form; its problem, or its first field, gets the focus.
  #clicked(gesture, field) {
    if (this.aside === "start") this.aside = "form";
    this.form.focusOn(gesture, field);
    this.send(gesture);
  }

  #toCanvas() {
    const selected = this.model.get("selected").split(" ")[0];
    const name = this.canvas.nodes?.get(selected)?.name;
    if (this.canvas.nodes?.size) this.canvas.focus(name);
    else this.palette.focus();
  }

  #jump() {
    const problems = this.model.get("problems");
    if (!problems.length) return;
    this.problem = (this.problem + 1) % problems.length;
    const { id, field } = problems[this.problem];
    this.aside = "form";
    this.choose(id, field || "first");
  }

  #layOut() {
    this.canvas.viewport?.fit();
    this.send({ kind: "turn" });
  }

  #reveal() {
    const selected = this.model.get("selected");
    if (this.canvas.viewport?.touched && this.canvas.nodes.has(selected)) {
      this.canvas.viewport.reveal(this.canvas.box(selected));
    }
  }

  #start() {
    if (this.model.get("run_keys").length) this.show("start");
    else this.#run([]);
  }

  #run(values) {
    this.aside = "form";
    this.send({ kind: "run", values });
    this.paint();
  }

  #setMode(mode) {
    this.model.set("mode", mode);
    this.model.save_changes();
    if (mode === "edit") this.#toCanvas();
  }

  // Puts the RunView of the builder's executor, a widget of its own, where the canvas is.
  async #placeRun() {
    const id = this.model.get("run_model");
    if (!id || id === this.placed) return;
    this.placed = id;
    const run = await this.model.widget_manager.get_model(id);
    if (!this.signal.aborted) new RunView(run, this.runBox, this.signal);
  }

  #key(event) {
    const undo = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "z";
    // In a text it is the text that is undone.
    if (!undo || event.target.matches("input:not([type=checkbox]), textarea")) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.model.get("mode") === "edit") this.send({ kind: event.shiftKey ? "redo" : "undo" });
  }
}

function render({ model, el }) {
  const closing = new AbortController();
  new Builder(model, el, closing.signal);
  return () => closing.abort();
}

export default { render };
