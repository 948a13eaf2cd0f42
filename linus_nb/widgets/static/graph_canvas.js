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
    this.stage.tabIndex = -1;
    this.hint = element(root, "div", "linus-hint");
    this.hint.setAttribute("aria-live", "polite");
    this.#addButtons();
    this.gestures = new Gestures(this, { editable, tell });
  }

  // Shows a new drawing; what was painted on the one before is forgotten. Who had moved to a
  // part of it, or stood on a node with the keyboard, stays there.
  show(text) {
    const stood = this.focused();
    const looked = this.viewport?.touched ? this.viewport : null;
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
    if (looked) this.viewport.lookAt(looked);
    if (stood !== undefined) this.focus(stood);
  }

  // The name of the node with the keyboard's focus.
  focused() {
    const group = document.activeElement?.closest?.(".node");
    return group && this.stage.contains(group) ? group.dataset.node : undefined;
  }

  // Gives the focus to the node of a name, to the first one where there is none of that name.
  focus(name) {
    const all = [...this.nodes.values()];
    (all.find((node) => node.name === name) ?? all[0])?.group.focus({ preventScroll: true });
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
      const look = `${verdicts[key]} ${selected === key} ${marks[key]}`;
      if (edge.look === look) continue;
      edge.look = look;
      const { group } = edge;
      paintBadge(edge, marks[key] === "problem", () => middleOf(edge.line));
      group.classList.toggle("edge-live", verdicts[key] === true);
      group.classList.toggle("edge-dead", verdicts[key] === false);
      group.classList.toggle("selected", selected === key);
    }
  }

  // Says what can be done here or, if it is `wrong`, why something cannot be.
  say(text, wrong = false) {
    this.hint.textContent = text;
    this.hint.classList.toggle("wrong", wrong);
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
    this.edges.set(`${source} ${target}`, { group, line, source, target });
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
    node.group.setAttribute("aria-label", [node.name, status, ...(mark ? [mark] : [])].join(", "));
    paintBadge(node, mark === "problem", () => {
      const { x, y, width } = node.rect.getBBox();
      return { x: x + width - 2, y: y + 2 };
    });
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

// A sign that something is wrong there, so that not only a colour says it.
function paintBadge(drawn, wanted, place) {
  if (!wanted) drawn.badge?.remove();
  if (wanted === Boolean(drawn.badge?.isConnected)) return;
  const { x, y } = place();
  const sign = svgElement("text", { x, y: y + 4.5, "text-anchor": "middle" });
  sign.textContent = "!";
  drawn.badge = svgElement("g", { class: "badge" });
  drawn.badge.append(svgElement("circle", { cx: x, cy: y, r: 8 }), sign);
  // A line that is its own group has nothing inside: its badge stands behind it.
  if (drawn.group.localName === "g") drawn.group.append(drawn.badge);
  else drawn.group.after(drawn.badge);
}

function middleOf(line) {
  return line.getPointAtLength(line.getTotalLength() / 2);
}

export function element(parent, name, className) {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}
