// Pointer and keyboard on a canvas, told as gestures: click, connect, delete.

import { Connecting } from "./connecting.js";

const DRAG_PIXELS = 4;
const KEYS_HELP = "arrows: move · Enter: select";
const EDIT_HELP = `${KEYS_HELP} · c: connect · Delete: remove`;
const EDGE_HELP = "Delete: remove";
const DIRECTIONS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

export class Gestures {
  constructor(canvas, { editable, tell }) {
    this.canvas = canvas;
    this.editable = editable;
    this.tell = tell;
    this.drag = null;
    this.connecting = new Connecting(canvas);
    const stage = canvas.stage;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", () => this.#forget());
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("focusin", (event) => this.#focus(event));
    stage.addEventListener("focusout", () => this.connecting.active || canvas.say(""));
  }

  #down(event) {
    if (event.button !== 0 || !this.canvas.viewport) return;
    const { clientX: x, clientY: y } = event;
    this.drag = { node: nodeAt(event), edge: edgeAt(event), start: { x, y }, at: { x, y }, far: false };
    this.canvas.stage.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const drag = this.drag;
    if (!drag) return;
    const { clientX: x, clientY: y } = event;
    const [dx, dy] = [x - drag.at.x, y - drag.at.y];
    drag.at = { x, y };
    if (!drag.far && Math.hypot(x - drag.start.x, y - drag.start.y) < DRAG_PIXELS) return;
    if (!drag.far && drag.node && this.editable()) this.connecting.begin(drag.node);
    drag.far = true;
    if (this.connecting.active) this.connecting.follow(event, nodeAt(event));
    else this.canvas.viewport.pan(dx, dy);
  }

  #up(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (this.connecting.active) this.#connect(nodeAt(event));
    else if (!drag.far) this.#click(drag);
  }

  #forget() {
    this.drag = null;
    this.connecting.end();
  }

  #click({ node, edge }) {
    if (node) this.canvas.nodes.get(node).group.focus({ preventScroll: true });
    if (edge && this.editable()) {
      const [source, target] = edge.split(" ");
      this.canvas.stage.focus({ preventScroll: true }); // no node has the keys any more
      this.tell({ kind: "click", source, target });
      this.canvas.say(EDGE_HELP);
    } else {
      this.tell({ kind: "click", node });
    }
  }

  #connect(target) {
    const source = this.connecting.source;
    const refusal = target && target !== source ? this.connecting.refusal(target) : "";
    if (this.connecting.allows(target)) this.tell({ kind: "connect", source, target });
    this.connecting.end();
    if (refusal) this.canvas.say(refusal, true);
  }

  // The page scrolls as ever; with Ctrl (or a pinch), or once the graph has the focus, it zooms.
  #wheel(event) {
    const focused = this.canvas.stage.contains(document.activeElement);
    if (!this.canvas.viewport || !(event.ctrlKey || event.metaKey || focused)) return;
    event.preventDefault();
    this.canvas.viewport.zoom(event.deltaY < 0 ? 1 : -1, this.canvas.viewport.point(event));
  }

  #focus(event) {
    const node = nodeAt(event);
    if (!node) return;
    this.canvas.viewport.reveal(this.canvas.box(node));
    if (this.connecting.active) this.connecting.aim(node);
    else if (event.target.matches(":focus-visible")) {
      this.canvas.say(this.editable() ? EDIT_HELP : KEYS_HELP);
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = nodeAt(event);
    if (!(node ? this.#act(event.key, node) : this.#actOnEdge(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Returns whether the key means something here.
  #act(key, node) {
    if (key in DIRECTIONS) this.#step(node, DIRECTIONS[key]);
    else if (key === "Enter" || key === " ") {
      if (this.connecting.active) this.#connect(node);
      else this.tell({ kind: "click", node }, key);
    } else if (key === "Escape") {
      if (this.connecting.active) this.connecting.end();
      else this.tell({ kind: "click", node: "" });
    } else if (!this.editable()) return false;
    else if (key === "c") this.connecting.begin(node);
    else if (key === "Delete" || key === "Backspace") this.tell({ kind: "delete", node });
    else return false;
    return true;
  }

  // The same for the selected edge, where no node has the focus.
  #actOnEdge(key) {
    const [source, target] = this.canvas.selected.split(" ");
    if (!target || !this.editable()) return false;
    if (key === "Delete" || key === "Backspace") this.tell({ kind: "delete", source, target });
    else if (key === "Enter") this.tell({ kind: "click", source, target }, key);
    else if (key === "Escape") this.tell({ kind: "click", node: "" });
    else return false;
    return true;
  }

  // Focuses the nearest node in a direction; what lies far to the side counts less.
  #step(node, [dx, dy]) {
    const centre = (id) => {
      const { x, y, width, height } = this.canvas.box(id);
      return [x + width / 2, y + height / 2];
    };
    const [x, y] = centre(node);
    let best = null;
    let least = Infinity;
    for (const [id, { group }] of this.canvas.nodes) {
      const [right, down] = [centre(id)[0] - x, centre(id)[1] - y];
      const ahead = right * dx + down * dy;
      const aside = Math.abs(right * dy) + Math.abs(down * dx);
      if (ahead > 1 && ahead + 2 * aside < least) {
        least = ahead + 2 * aside;
        best = group;
      }
    }
    best?.focus({ preventScroll: true });
  }
}

// While the pointer is captured, event.target is the stage: ask what is under it instead.
function under(event) {
  if (event.clientX === undefined) return event.target;
  return document.elementFromPoint(event.clientX, event.clientY) ?? event.target;
}

function nodeAt(event) {
  return under(event).closest(".node")?.id ?? "";
}

function edgeAt(event) {
  return under(event).dataset?.edge ?? "";
}
