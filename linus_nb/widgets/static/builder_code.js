// The code of the DAG beside the canvas, to be copied or put into a cell.

import { element } from "./graph_canvas.js";

const SECONDS_SHOWN = 2;

export class CodePanel {
  constructor(root, { close }) {
    const head = element(root, "div", "side-head");
    element(head, "span", "side-title").textContent = "Code";
    this.copyButton = this.#addButton(head, "copy", "Copy", () => this.#copy());
    // JupyterLab shows itself to the page only where it was started so.
    if (window.jupyterapp) this.#addButton(head, "insert", "Insert below", insertCell);
    this.#addButton(head, "close", "✕", close).setAttribute("aria-label", "Close the code");
    this.code = element(root, "pre", "code");
    this.code.tabIndex = 0;
    this.code.setAttribute("aria-label", "The cell that builds this DAG");
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
  }

  paint(code) {
    if (this.code.textContent !== code) this.code.textContent = code;
  }

  focus() {
    this.copyButton.focus();
  }

  #addButton(head, name, text, act) {
    const button = element(head, "button", name);
    button.textContent = text;
    button.addEventListener("click", () => act(this.code.textContent));
    return button;
  }

  async #copy() {
    const copied = await copyText(this.code);
    this.copyButton.textContent = copied ? "Copied ✓" : "Press Ctrl+C";
    setTimeout(() => (this.copyButton.textContent = "Copy"), 1000 * SECONDS_SHOWN);
  }
}

// A page that is not served by https or this machine has no clipboard, but can copy a selection.
async function copyText(part) {
  try {
    await navigator.clipboard.writeText(part.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(part);
    return document.execCommand("copy");
  }
}

async function insertCell(code) {
  const app = window.jupyterapp;
  await app.commands.execute("notebook:insert-cell-below");
  app.shell.currentWidget?.content?.activeCell?.model.sharedModel.setSource(code);
}
