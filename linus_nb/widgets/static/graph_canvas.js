// A drawn graph: laid out once by Python, recoloured in place. Knows nothing of widgets.
//
// Nodes are known by the ids that Python gave them ("n0", "n1", ...), never by their names.

import { Gestures } from "./gestures.js";
import { importSvg, svgElement } from "./svg_import.js";
import { Viewport } from "./viewport.js";

let canvases = 0;

export class GraphCanvas {
  // `tell` is called with each gesture: {kind, node} or {kind, source, target}.
  constructor(root, { signs, editable, tell }) {
    this.root = root;
    this.signs = signs;
    this.number = canvases++;
    root.classList.add("linus-canvas");
    // Keys pressed here are ours, not JupyterLab's: "d, d" must not delete the cell.
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    this.stage = element(root, "div", "linus-stage");
    this.hint = element(root, "div", "linus-hint");
    this.hint.setAttribute("aria-live", "polite");
    this.#addButtons();
    this.gestures = new Gestures(this, { editable, tell });
  }

  // Shows a new drawing; what was painted on the one before is forgotten.
  show(text) {
    this.viewport?.close();
    this.viewport = undefined;
    this.nodes = new Map();
    this.edges = new Map();
    this.selected = "";
    this.svg = importSvg(text);
    this.stage.replaceChildren(...(this.svg ? [this.svg] : []));
    if (!this.svg) return;
    for (const group of this.svg.querySelectorAll(".node")) this.#addNode(group);
    for (const group of this.svg.querySelectorAll(".edge")) this.#addEdge(group);
    this.#addHatch();
    this.viewport = new Viewport(this.svg);
  }

  // Recolours what has changed: `statuses`, `details` and `marks` by id, `verdicts` by "n0 n1".
  paint({ statuses = {}, details = {}, verdicts = {}, marks = {}, selected = "" }) {
    this.selected = selected;
    for (const [id, node] of this.nodes) {
      const status = statuses[id] ?? "waiting";
      const look = `${status} ${marks[id] ?? ""} ${selected === id} ${details[id] ?? ""}`;
      if (node.look === look) continue; // most have not changed
      node.look = look;
      this.#paintNode(id, node, { status, mark: marks[id], detail: details[id] ?? "" });
    }
    for (const [key, edge] of this.edges) {
      const look = `${verdicts[key]} ${selected === key}`;
      if (edge.look === look) continue;
      edge.look = look;
      const { group } = edge;
      group.classList.toggle("edge-live", verdicts[key] === true);
      group.classList.toggle("edge-dead", verdicts[key] === false);
      group.classList.toggle("selected", selected === key);
    }
  }

  say(text) {
    this.hint.textContent = text;
  }

  // The node's box in the SVG's own units.
  box(id) {
    return this.nodes.get(id).rect.getBBox();
  }

  close() {
    this.viewport?.close();
  }

  #addNode(group) {
    const rect = group.querySelector("rect");
    const node = { group, rect, name: group.dataset.node };
    node.detail = group.querySelector(".detail");
    node.sign = group.querySelector(".sign") ?? this.#addSign(group, rect);
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    this.nodes.set(group.id, node);
  }

  #addSign(group, rect) {
    const { x, y, height } = { x: +rect.getAttribute("x"), y: +rect.getAttribute("y"), height: 18 };
    return group.appendChild(svgElement("text", { class: "sign", x: x + 9, y: y + height - 5 }));
  }

  #addEdge(group) {
    const { source, target } = group.dataset;
    group.classList.add("edge");
    const line = group.localName === "path" ? group : group.querySelector("path");
    // A line of two pixels cannot be hit; a broad one that nobody sees can.
    const broad = svgElement("path", { class: "hit", d: line.getAttribute("d") });
    (group === line ? group.parentNode : group).appendChild(broad);
    broad.dataset.edge = `${source} ${target}`;
    this.edges.set(`${source} ${target}`, { group, source, target });
  }

  #addHatch() {
    const id = `linus-hatch-${this.number}`;
    const pattern = svgElement("pattern", {
      id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
    });
    pattern.append(
      svgElement("rect", { class: "hatch-ground", width: 7, height: 7 }),
      svgElement("rect", { class: "hatch-line", width: 2.2, height: 7 }),
    );
    this.svg.prepend(pattern);
    this.svg.style.setProperty("--linus-hatch", `url(#${id})`);
  }

  #paintNode(id, node, { status, mark, detail }) {
    const classes = ["node", `status-${status}`];
    if (mark) classes.push(`mark-${mark}`);
    if (this.selected === id) classes.push("selected");
    if (node.detail && !detail) classes.push("plain");
    node.group.setAttribute("class", classes.join(" "));
    node.group.setAttribute("aria-label", `${node.name}, ${status}`);
    if (node.detail) node.detail.textContent = detail;
    node.sign.textContent = this.signs[status] ?? "";
    if (status === "running" && !node.spinner) {
      const { x, y } = node.sign.getBBox();
      const height = node.sign.getBBox().height || 14;
      node.spinner = svgElement("circle", { class: "spinner", cx: x + 5, cy: y + height / 2, r: 6 });
      node.group.append(node.spinner);
    }
  }

  #addButtons() {
    const bar = element(this.root, "div", "linus-zoom");
    const add = (sign, title, act) => {
      const button = element(bar, "button", "");
      button.textContent = sign;
      button.title = title;
      button.setAttribute("aria-label", title);
      button.addEventListener("click", act);
    };
    add("+", "Zoom in (Ctrl and wheel)", () => this.viewport?.zoom(1));
    add("−", "Zoom out (Ctrl and wheel)", () => this.viewport?.zoom(-1));
    add("⤢", "Fit the whole graph", () => this.viewport?.fit());
  }
}

export function element(parent, name, className) {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}
