// Drawing an edge from a node to another: where it may end glows, a cycle shows its path in red.

import { svgElement } from "./svg_import.js";

const HELP = "connect: move to a node, Enter · Escape: cancel";
const LONGEST_NAME = 40; // characters of a name in a sentence

export class Connecting {
  constructor(canvas) {
    this.canvas = canvas;
    this.source = "";
  }

  get active() {
    return this.source !== "";
  }

  begin(source) {
    this.end();
    this.source = source;
    const { x, y, width, height } = this.canvas.box(source);
    const start = { x1: x + width / 2, y1: y + height / 2, x2: x + width / 2, y2: y + height / 2 };
    this.line = svgElement("line", { class: "connecting", ...start });
    this.canvas.svg.append(this.line);
    for (const [id, { group }] of this.canvas.nodes) {
      group.classList.toggle("target", this.allows(id));
    }
    this.canvas.say(HELP);
  }

  // Lets the line end at the pointer.
  follow(event, node) {
    const { x, y } = this.canvas.viewport.point(event);
    this.#drawTo(x, y);
    this.#judge(node);
  }

  // Lets the line end at a node.
  aim(node) {
    const { x, y, width, height } = this.canvas.box(node);
    this.#drawTo(x + width / 2, y + height / 2);
    this.#judge(node);
  }

  // Whether an edge may lead from the source to a node: no second one, no cycle.
  allows(node) {
    return Boolean(node) && this.refusal(node) === "";
  }

  // Why no edge may lead from the source to a node, "" if one may.
  refusal(node) {
    const [from, to] = [this.#name(this.source), this.#name(node)];
    if (node === this.source) return `${to}: an edge leads to another node`;
    if (this.canvas.edges.has(`${this.source} ${node}`)) return `${from} → ${to} is there already`;
    const path = this.#path(node);
    if (!path.length) return "";
    return `${from} → ${to} would close a cycle: ${[this.source, ...path].map((id) => this.#name(id)).join(" → ")}`;
  }

  end() {
    this.source = "";
    this.line?.remove();
    this.line = null;
    for (const { group } of this.canvas.nodes?.values() ?? []) group.classList.remove("target", "cycle");
    for (const { group } of this.canvas.edges?.values() ?? []) group.classList.remove("cycle");
    this.canvas.say("");
  }

  #drawTo(x, y) {
    this.line.setAttribute("x2", x);
    this.line.setAttribute("y2", y);
  }

  #name(id) {
    const name = this.canvas.nodes.get(id)?.name ?? "";
    return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
  }

  // Shows the cycle that an edge to a node would close, and says why it cannot be.
  #judge(node) {
    const refusal = node && node !== this.source ? this.refusal(node) : "";
    this.canvas.say(refusal || HELP, refusal !== "");
    const path = node && node !== this.source ? this.#path(node) : [];
    const steps = new Set(path.slice(1).map((to, at) => `${path[at]} ${to}`));
    for (const [id, { group }] of this.canvas.nodes) {
      group.classList.toggle("cycle", path.includes(id));
    }
    for (const [key, { group }] of this.canvas.edges) group.classList.toggle("cycle", steps.has(key));
    this.line.classList.toggle("cycle", path.length > 0);
  }

  // The way along the edges from `start` back to the source, empty where there is none.
  #path(start) {
    const before = new Map([[start, null]]);
    const queue = [start];
    for (const id of queue) {
      if (id === this.source) return trace(before, id);
      for (const { source, target } of this.canvas.edges.values()) {
        if (source === id && !before.has(target)) {
          before.set(target, id);
          queue.push(target);
        }
      }
    }
    return [];
  }
}

function trace(before, end) {
  const path = [];
  for (let id = end; id !== null; id = before.get(id)) path.unshift(id);
  return path;
}
