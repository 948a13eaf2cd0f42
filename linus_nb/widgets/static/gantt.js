// When each node ran, as bars over time; a click on a row selects its node.

import { element } from "./graph_canvas.js";

export class Gantt {
  constructor(root, names, choose) {
    this.root = root;
    this.choose = choose;
    this.rename(names);
  }

  rename(names) {
    this.names = names;
    this.rows = new Map();
    this.root.replaceChildren();
  }

  // `timesOf(i)` gives a node's [start, end or null, status] spans, in seconds.
  paint({ timesOf, now, selected }) {
    const spans = this.names.map((_, i) => timesOf(i) ?? []);
    const end = Math.max(now, 0.001, ...spans.flat().map(([, until]) => until ?? 0));
    spans.forEach((mine, i) => mine.length && this.#paintRow(i, mine, end, now));
    for (const [i, { row }] of this.rows) row.classList.toggle("selected", selected === `n${i}`);
  }

  #paintRow(i, spans, end, now) {
    const { bars, time } = this.rows.get(i) ?? this.#addRow(i);
    while (bars.childElementCount < spans.length) element(bars, "span", "");
    spans.forEach(([from, until, status], at) => {
      const bar = bars.children[at];
      bar.className = `bar status-${status}`;
      bar.style.left = `${(100 * from) / end}%`;
      bar.style.width = `${(100 * ((until ?? now) - from)) / end}%`;
    });
    const total = spans.reduce((sum, [from, until]) => sum + (until ?? now) - from, 0);
    time.textContent = `${total.toFixed(2)} s`;
  }

  #addRow(i) {
    const row = element(this.root, "button", "row");
    const name = element(row, "span", "name");
    name.textContent = name.title = this.names[i];
    const made = { row, bars: element(row, "span", "bars"), time: element(row, "span", "time") };
    row.addEventListener("click", () => this.choose(`n${i}`));
    this.rows.set(i, made);
    return made;
  }
}
