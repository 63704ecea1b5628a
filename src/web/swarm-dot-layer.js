// The dots of the swarm's picture, on a canvas: sixty that move in every frame are a lot for a phone as
// elements, and next to nothing as pixels. They are decoration; the table says what they say.

import { setAttribute } from './dom.js';
import { pointOn } from './swarm-layout.js';

const RADIUS = 3.2;
const ASIDE = 0.25;

/** More pixels than these cost more than they show. */
const DENSITY_MAX = 2;

export class DotLayer {
  #canvas;
  #pen;
  #width = 0;
  #height = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext('2d');
  }

  /** The size in CSS px. */
  resize(width, height) {
    const density = Math.min(DENSITY_MAX, devicePixelRatio);
    this.#width = width;
    this.#height = height;
    setAttribute(this.#canvas, 'width', Math.round(width * density));
    setAttribute(this.#canvas, 'height', Math.round(height * density));
    this.#pen?.setTransform(density, 0, 0, density, 0, 0);
  }

  /** `dots` as `Dots.at` tells them; `ways` has the curve of each chord that is drawn. */
  draw(dots, ways) {
    const pen = this.#pen;
    if (pen === null) return;
    pen.clearRect(0, 0, this.#width, this.#height);
    if (dots.length === 0) return;
    pen.fillStyle = getComputedStyle(this.#canvas).color;
    for (const { key, share } of dots) {
      const way = ways.get(key);
      if (way === undefined) continue;
      const { x, y } = pointOn(way.curve, share);
      pen.globalAlpha = way.isAside ? ASIDE : 1;
      pen.beginPath();
      pen.arc(x, y, RADIUS, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}
