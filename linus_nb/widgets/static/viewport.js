// Which part of an SVG is seen: fit, pan and zoom, all by its viewBox.

const LARGEST_SCALE = 1.2; // a graph of two nodes does not fill the screen
const ZOOM_STEP = 1.2;
const MARGIN = 12;

export class Viewport {
  constructor(svg) {
    this.svg = svg;
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.content = { width, height };
    this.touched = false; // until then it is fitted again whenever its room changes
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    this.sizes = new ResizeObserver(() => this.touched || this.fit());
    this.sizes.observe(svg);
    this.fit();
  }

  fit() {
    this.touched = false;
    const room = this.svg.getBoundingClientRect();
    const width = Math.max(this.content.width + 2 * MARGIN, room.width / LARGEST_SCALE);
    const height = Math.max(this.content.height + 2 * MARGIN, room.height / LARGEST_SCALE);
    this.#show((this.content.width - width) / 2, (this.content.height - height) / 2, width, height);
  }

  // Shows the same part as another viewport.
  lookAt({ x, y, width, height }) {
    this.touched = true;
    this.#show(x, y, width, height);
  }

  // Moves by pixels of the screen.
  pan(dx, dy) {
    this.touched = true;
    const scale = this.svg.getScreenCTM()?.a || 1;
    this.#show(this.x - dx / scale, this.y - dy / scale, this.width, this.height);
  }

  // Zooms around a point in the SVG's own units; around the centre without one.
  zoom(steps, at = { x: this.x + this.width / 2, y: this.y + this.height / 2 }) {
    this.touched = true;
    const by = ZOOM_STEP ** -steps;
    const left = at.x - (at.x - this.x) * by;
    const top = at.y - (at.y - this.y) * by;
    this.#show(left, top, this.width * by, this.height * by);
  }

  // Where on the SVG the pointer is.
  point(event) {
    const matrix = this.svg.getScreenCTM().inverse();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  }

  // Moves just as far as it takes to see a box.
  reveal({ x, y, width, height }) {
    const right = Math.max(0, x + width + MARGIN - (this.x + this.width));
    const down = Math.max(0, y + height + MARGIN - (this.y + this.height));
    const left = Math.max(0, this.x - (x - MARGIN));
    const up = Math.max(0, this.y - (y - MARGIN));
    if (right || left || down || up) {
      this.touched = true;
      this.#show(this.x + right - left, this.y + down - up, this.width, this.height);
    }
  }

  close() {
    this.sizes.disconnect();
  }

  #show(x, y, width, height) {
    Object.assign(this, { x, y, width, height });
    this.svg.setAttribute("viewBox", [x, y, width, height].join(" "));
  }
}
