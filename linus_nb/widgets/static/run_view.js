// The RunView widget: header, graph and node panel side by side, Gantt below; one fixed height.

import { Gantt } from "./gantt.js";
import { element } from "./graph_canvas.js";
import { bindCanvas, listen } from "./graph_view.js";
import { NodePanel } from "./node_panel.js";

const PARTS = ["status", "count", "elapsed", "eta", "model", "note"];
const STOPPING = "Stopping…";
// A kernel that is blocked by a cell hears of the button when the cell has ended.
const STILL_STOPPING = "Stopping… (the cell blocks: ■ in the toolbar stops it at once)";
const PATIENCE = 2000; // milliseconds

export class RunView {
  constructor(model, el, signal) {
    this.model = model;
    this.root = element(el, "div", "linus-view linus-run");
    this.root.style.height = `${model.get("height")}px`;
    this.#addHeader();
    const middle = element(this.root, "div", "middle");
    this.canvas = bindCanvas(model, element(middle, "div", "graph"), signal);
    this.panel = new NodePanel(element(middle, "div", "panel"), {
      onFollow: () => this.choose(""),
      onRerun: () => model.send({ kind: "rerun" }),
    });
    this.#addGantt();
    listen(model, ["svg"], () => this.gantt.rename(this.names()), signal);
    model.on("change", this.paint);
    signal.addEventListener("abort", () => model.off("change", this.paint));
    this.paint();
  }

  names() {
    return this.model.get("names");
  }

  choose(id) {
    this.model.set("selected", id);
    this.model.save_changes();
  }

  paint = () => {
    this.#paintHeader(this.model.get("header"));
    this.#paintPanel();
    if (this.ganttBox.open) this.#paintGantt();
  };

  of(aspect, i) {
    return this.model.get(`${aspect}_${i}`) ?? undefined;
  }

  #addHeader() {
    const head = element(this.root, "div", "header");
    this.parts = Object.fromEntries(PARTS.map((part) => [part, element(head, "span", part)]));
    this.stop = element(head, "button", "stop");
    this.stop.textContent = "■ Stop";
    this.stop.addEventListener("click", () => {
      this.stop.disabled = true;
      this.model.send({ kind: "stop" });
      this.unheard = STOPPING;
      setTimeout(() => this.unheard && this.#tell(STILL_STOPPING), PATIENCE);
      this.paint();
    });
  }

  #paintHeader(header) {
    if (!header.stoppable || header.note) this.unheard = "";
    if (this.unheard) header = { ...header, note: this.unheard };
    for (const part of PARTS) {
      const [shown, text] = [this.parts[part], header[part] ?? ""];
      if (shown.textContent !== text) shown.textContent = text;
      shown.hidden = !text;
    }
    this.parts.status.className = `status run-${header.status}`;
    this.stop.hidden = !header.stoppable;
    if (this.stoppable !== header.stoppable) this.stop.disabled = false;
    this.stoppable = header.stoppable;
  }

  #tell(text) {
    this.unheard = text;
    this.paint();
  }

  #paintPanel() {
    const header = this.model.get("header");
    const chosen = /^n\d+$/.test(this.model.get("selected")) ? this.model.get("selected") : "";
    const id = chosen || header.following || "n0";
    const i = Number(id.slice(1));
    const facts = { key: `${header.run ?? ""} ${id}`, name: this.names()[i] ?? "", following: !chosen };
    for (const aspect of ["printed", "output", "input", "tools", "error"]) {
      facts[aspect] = this.of(aspect, i);
    }
    const status = this.model.get("statuses")[id];
    this.panel.paint({
      ...facts,
      activity: this.of("activity", i) ?? status,
      streaming: status === "running",
      rerun: header.rerun,
    });
  }

  #addGantt() {
    this.ganttBox = element(this.root, "details", "gantt");
    element(this.ganttBox, "summary", "").textContent = "Gantt";
    this.gantt = new Gantt(element(this.ganttBox, "div", "rows"), this.names(), (id) => this.choose(id));
    this.ganttBox.addEventListener("toggle", () => this.paint());
  }

  #paintGantt() {
    const { seconds = 0, following = "" } = this.model.get("header");
    this.gantt.paint({
      timesOf: (i) => this.of("spans", i),
      now: seconds,
      selected: this.model.get("selected") || following,
    });
  }
}

function render({ model, el }) {
  const closing = new AbortController();
  new RunView(model, el, closing.signal);
  return () => closing.abort();
}

export default { render };
