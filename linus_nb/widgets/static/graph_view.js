// The GraphView widget: a canvas that shows what the model holds and tells it what was done.

import { GraphCanvas, element } from "./graph_canvas.js";

const LOOKS = ["statuses", "details", "verdicts", "marks", "selected"];

// Binds a canvas to a widget's model; `send` gets each gesture, and the key that made it. What is
// selected is shown at once; it is the model's when it is saved.
export function bindCanvas(model, root, signal, send = (gesture) => tell(model, gesture)) {
  const canvas = new GraphCanvas(root, {
    signs: model.get("signs"),
    editable: () => model.get("editable"),
    tell: (gesture, key) => {
      if (gesture.kind === "click") {
        const { node, source, target } = gesture;
        model.set("selected", source ? `${source} ${target}` : node);
      }
      send(gesture, key);
    },
  });
  const paint = () => canvas.paint(Object.fromEntries(LOOKS.map((key) => [key, model.get(key)])));
  const show = () => {
    canvas.show(model.get("svg"));
    if (canvas.svg) paint();
  };
  show();
  listen(model, ["svg"], show, signal);
  listen(model, LOOKS, () => canvas.svg && paint(), signal);
  signal.addEventListener("abort", () => canvas.close());
  return canvas;
}

function tell(model, gesture) {
  if (gesture.kind === "click") model.save_changes();
  model.send(gesture);
}

// Calls `act` when one of `keys` changes, until the view is gone.
export function listen(model, keys, act, signal) {
  const events = keys.map((key) => `change:${key}`).join(" ");
  model.on(events, act);
  signal.addEventListener("abort", () => model.off(events, act));
}

function render({ model, el }) {
  const closing = new AbortController();
  const root = element(el, "div", "linus-view");
  root.style.height = `${model.get("height")}px`;
  bindCanvas(model, root, closing.signal);
  return () => closing.abort();
}

export default { render };
