// The form of what is selected: a node's fields and edges, an edge's condition, or the problems.

import { element } from "./graph_canvas.js";
import { Field } from "./builder_fields.js";

const NOTHING = "Click a node to edit it, or an edge to give it a condition. "
  + "Drag from one node to another to connect them.";
let writers = 0;

export class BuilderForm {
  // `post` sends at once, `send` after what was typed; `choose` selects; `leave` goes to the canvas.
  constructor(root, { post, send, choose, leave }) {
    Object.assign(this, { root, post, send, choose });
    this.writer = `${Date.now()}-${writers++}`; // several views of a builder may be open
    this.edits = 0;
    this.shown = {};
    this.fields = new Map();
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.flush();
      leave();
    });
  }

  // `edit`: the last edit that Python has answered.
  paint(form, problems, edit) {
    const same = this.title // once it was built
      && this.shown.about === form.about
      && (this.shown.id === form.id || this.shown.title === form.title)
      && sameFields(this.shown.fields, form.fields);
    const own = edit !== this.answered && edit === this.sent;
    this.answered = edit;
    if (!same) this.#build(form);
    if (form.about && form !== this.shown) this.#paintSelected(form, own);
    this.shown = form;
    if (!form.about) this.#paintProblems(problems);
    this.#focusWanted();
  }

  // Sends what was typed and not yet sent.
  flush() {
    for (const field of this.fields.values()) field.flush();
  }

  // Lets a field ("first" for the first) have the focus once the form of this node or edge is there.
  focusOn({ node, source, target }, field) {
    this.wanted = field && { id: source ? `${source} ${target}` : node, field };
    this.#focusWanted();
  }

  #focusWanted() {
    if (!this.wanted || this.wanted.id !== (this.shown.id ?? "")) return;
    const { field } = this.wanted;
    this.wanted = undefined;
    const [first] = this.fields.values();
    const target = field === "first" ? first : (this.fields.get(field) ?? first);
    target?.input.focus();
    target?.input.scrollIntoView({ block: "nearest" });
  }

  #build(form) {
    this.fields = new Map();
    this.listed = undefined;
    this.root.replaceChildren();
    const head = element(this.root, "div", "side-head");
    this.title = element(head, "span", "side-title");
    this.lines = element(this.root, "div", "lines");
    this.lines.setAttribute("role", "group");
    if (!form.about) {
      this.title.textContent = "Nothing selected";
      element(this.lines, "p", "help").textContent = NOTHING;
      this.problems = element(this.lines, "div", "problem-list");
      return;
    }
    this.#addRemove(head);
    this.whole = element(this.lines, "div", "problem whole");
    for (const facts of form.fields) {
      this.fields.set(facts.name, new Field(this.lines, facts, (value) => this.#edited(facts.name, value)));
      if (facts.name === form.takes_keys) this.#addChips(facts.name);
    }
    this.edges = element(this.lines, "div", "edges");
  }

  #addRemove(head) {
    const remove = element(head, "button", "remove");
    remove.textContent = "Remove";
    remove.title = "Delete";
    remove.addEventListener("click", () => this.send({ kind: "delete", ...this.#ids() }));
  }

  #addChips(name) {
    this.chips = element(this.fields.get(name).box, "div", "chips");
    this.chips.setAttribute("role", "group");
    this.chips.setAttribute("aria-label", "Keys that can be read: a click puts one at the cursor");
    // The cursor stays where it is when a chip is clicked.
    this.chips.addEventListener("pointerdown", (event) => event.preventDefault());
    this.chips.addEventListener("mousedown", (event) => event.preventDefault());
  }

  #paintSelected(form, own) {
    this.title.textContent = this.title.title = form.title;
    this.lines.setAttribute("aria-label", form.title);
    this.whole.textContent = form.problem ?? "";
    this.whole.hidden = !form.problem;
    const answers = this.sent === undefined || this.answered === this.sent;
    for (const facts of form.fields) this.fields.get(facts.name).paint(facts, { answers, own });
    const listed = JSON.stringify([form.keys, form.edges]);
    if (listed === this.listed) return;
    this.listed = listed;
    if (form.takes_keys) this.#paintChips(form);
    this.#paintEdges(form.edges ?? []);
  }

  #paintChips({ keys, takes_keys: name }) {
    this.chips.replaceChildren();
    for (const { key, text } of keys) {
      const chip = element(this.chips, "button", "chip");
      chip.textContent = key;
      chip.title = `Put ${text} at the cursor`;
      chip.addEventListener("click", () => this.#insert(this.fields.get(name), key, text));
    }
  }

  #paintEdges(edges) {
    this.edges.replaceChildren();
    if (edges.length) element(this.edges, "div", "label").textContent = "Edges";
    for (const { id, text } of edges) {
      const button = element(this.edges, "button", "edge-link");
      button.textContent = text;
      button.title = "Edit the edge's condition";
      button.addEventListener("click", () => this.choose(id, "first"));
    }
  }

  #paintProblems(problems) {
    const listed = JSON.stringify(problems);
    if (listed === this.listed) return;
    this.listed = listed;
    this.problems.replaceChildren();
    for (const { id, field, sentence } of problems) {
      const button = element(this.problems, "button", "problem");
      button.textContent = sentence;
      button.addEventListener("click", () => this.choose(id, field || "first"));
    }
  }

  // Puts a key where the cursor is; into a prompt, that is a step of its own.
  #insert(field, key, text) {
    const at = field.insert(text);
    if (this.shown.about === "node" && field.drop()) this.#post({ kind: "key", key, at });
    else field.flush();
  }

  #edited(field, value) {
    this.#post({ kind: "field", field, value });
  }

  #post(message) {
    this.sent = `${this.writer}-${++this.edits}`;
    this.post({ ...message, ...this.#ids(), edit: this.sent });
  }

  // What the form is about, as gestures name it.
  #ids() {
    const [node, target] = (this.shown.id ?? "").split(" ");
    return target ? { source: node, target } : { node };
  }
}

function sameFields(some = [], others = []) {
  const names = (fields) => JSON.stringify(fields.map(({ name, kind }) => [name, kind]));
  return names(some) === names(others);
}
