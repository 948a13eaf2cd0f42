// Text to SVG elements that can hold nothing but shapes and text, whatever the text says.

const SHAPES = new Set(["svg", "g", "title", "rect", "path", "text"]);
const ACTIVE = /^on|href$|^style$/i;

export function importSvg(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.localName !== "svg") return null;
  const svg = document.importNode(parsed, true);
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    if (!SHAPES.has(element.localName)) element.remove();
    for (const { name } of [...element.attributes]) {
      if (ACTIVE.test(name)) element.removeAttribute(name);
    }
  }
  return svg;
}

export function svgElement(name, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
