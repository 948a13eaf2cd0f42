// What is known of one node: tabs Output, Input, Tools and Error.
//
// Everything from outside is set as textContent, never as markup.

import { element } from "./graph_canvas.js";

const TABS = ["output", "input", "tools", "error"];
const TITLES = { output: "Output", input: "Input", tools: "Tools", error: "Error" };
let panels = 0;

export class NodePanel {
  constructor(root, { onFollow, onRerun }) {
    this.number = panels++;
    this.open = "output";
    this.shown = {};
    const head = element(root, "div", "panel-head");
    this.name = element(head, "span", "panel-name");
    this.activity = element(head, "span", "panel-activity");
    this.follow = element(head, "button", "follow");
    this.follow.textContent = "Follow";
    this.follow.title = "Show the running node again";
    this.follow.addEventListener("click", onFollow);
    this.onRerun = onRerun;
    this.#addTabs(root);
  }

  // `facts`: {key, name, activity, following, rerun, printed, output, input, tools, error}.
  paint(facts) {
    const other = facts.key !== this.shown.key;
    this.name.textContent = facts.name;
    this.name.title = facts.name;
    this.activity.textContent = facts.activity ?? "";
    this.follow.hidden = facts.following;
    const failed = facts.error && (other || !this.shown.error);
    this.#paintOutput(facts, other);
    this.#setText(this.pages.input, facts.input ?? "", "nothing was given yet");
    this.#paintTools(facts.tools ?? []);
    this.#paintError(facts);
    this.tabs.tools.dataset.count = facts.tools?.length || "";
    this.tabs.error.classList.toggle("alarm", Boolean(facts.error));
    this.shown = { ...facts };
    if (failed) this.show("error");
    else if (other && this.open === "error" && !facts.error) this.show("output");
  }

  show(tab) {
    this.open = tab;
    for (const name of TABS) {
      const chosen = name === tab;
      this.tabs[name].setAttribute("aria-selected", chosen);
      this.tabs[name].tabIndex = chosen ? 0 : -1;
      this.pages[name].hidden = !chosen;
    }
  }

  #addTabs(root) {
    const list = element(root, "div", "tabs");
    list.setAttribute("role", "tablist");
    list.setAttribute("data-lm-suppress-shortcuts", "true");
    this.tabs = {};
    this.pages = {};
    for (const name of TABS) {
      const [tab, page] = [element(list, "button", "tab"), element(root, "div", `page ${name}`)];
      tab.textContent = TITLES[name];
      tab.id = `linus-tab-${this.number}-${name}`;
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => this.show(name));
      page.setAttribute("role", "tabpanel");
      page.setAttribute("aria-labelledby", tab.id);
      page.tabIndex = 0;
      [this.tabs[name], this.pages[name]] = [tab, page];
    }
    list.addEventListener("keydown", (event) => this.#step(event));
    this.printed = element(this.pages.output, "div", "printed");
    this.output = element(this.pages.output, "div", "text");
    this.show("output");
  }

  #step(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    this.show(TABS[(TABS.indexOf(this.open) + by + TABS.length) % TABS.length]);
    this.tabs[this.open].focus();
    event.preventDefault();
  }

  #paintOutput(facts, other) {
    const page = this.pages.output;
    const atEnd = other || page.scrollHeight - page.scrollTop - page.clientHeight < 30;
    this.#setText(this.printed, facts.printed ?? "");
    this.#setText(this.output, facts.output ?? "", facts.printed ? "" : "no output");
    if (atEnd) page.scrollTop = facts.streaming ? page.scrollHeight : 0;
  }

  #setText(target, text, otherwise = "") {
    const shown = text || otherwise;
    if (target.textContent !== shown) target.textContent = shown;
    target.classList.toggle("empty", !text);
  }

  #paintTools(tools) {
    const now = JSON.stringify(tools);
    if (now === this.toolsShown) return;
    this.toolsShown = now;
    const page = this.pages.tools;
    page.replaceChildren();
    page.classList.toggle("empty", !tools.length);
    if (!tools.length) page.textContent = "no tool was called";
    for (const call of tools) {
      const box = element(page, "div", `tool ${call.state}`);
      const title = element(box, "div", "tool-title");
      title.textContent = `${call.tool} ${call.told}`;
      element(box, "div", "tool-arguments").textContent = call.arguments;
      element(box, "div", "tool-result").textContent = call.result;
    }
  }

  #paintError({ error, rerun }) {
    const now = JSON.stringify([error, rerun]);
    if (now === this.errorShown) return;
    this.errorShown = now;
    const page = this.pages.error;
    page.replaceChildren();
    page.classList.toggle("empty", !error);
    if (!error) {
      page.textContent = "no error";
      return;
    }
    element(page, "div", "sentence").textContent = error.sentence;
    if (error.cause) element(page, "div", "cause").textContent = `Cause: ${error.cause}`;
    element(page, "div", "next-step").textContent = `Next: ${error.next}`;
    if (rerun) this.#addRerun(page);
    if (!error.traceback) return;
    const folded = element(page, "details", "traceback");
    element(folded, "summary", "").textContent = "Traceback";
    element(folded, "pre", "").textContent = error.traceback;
  }

  #addRerun(page) {
    const button = element(page, "button", "rerun");
    button.textContent = "Rerun failed";
    button.addEventListener("click", () => {
      button.disabled = true;
      this.onRerun();
    });
  }
}
