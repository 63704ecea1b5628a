// Dragging a row of a list to another place, with a mouse, a pen or a finger.
//
// Only the grip of a row starts a drag, so that a finger anywhere else scrolls the page. Nothing in
// the document moves before the release: rows are only shifted to look at. All rows are taken to be
// as high as the dragged one.

/** A grip that was only tapped has not moved so far. */
const SLACK_PX = 5;

/** So near to the edge of the window the page scrolls along, at most so fast. */
const EDGE_PX = 90;
const SCROLL_PX_MAX = 14;

const SETTLE_MS = 160;

/** The click that belongs to a release comes within that time, or not at all. */
const CLICK_MS = 100;

/** Where a row that began at `from` falls when it was moved by `movedPx`. */
export function dropIndex({ from, count, movedPx, pitchPx }) {
  const rows = pitchPx > 0 ? Math.round(movedPx / pitchPx) : 0;
  return Math.min(count - 1, Math.max(0, from + rows));
}

/** How far the row `index` makes room, in rows, while the one from `from` hovers over `to`. */
export function shiftOf(index, from, to) {
  if (index > from && index <= to) return -1;
  if (index < from && index >= to) return 1;
  return 0;
}

/** How far to scroll now, with the pointer at `y` in a window whose free part ends at `bottom`. */
export function edgeScroll(y, bottom) {
  const overTop = EDGE_PX - y;
  const overBottom = y - (bottom - EDGE_PX);
  const over = Math.max(overTop, overBottom);
  if (over <= 0) return 0;
  const speed = Math.ceil(Math.min(1, over / EDGE_PX) * SCROLL_PX_MAX);
  return overTop > overBottom ? -speed : speed;
}

export class DragList {
  #list;
  #canDrag;
  #onDrop;
  #onEnd;
  #drag = null;
  #swallowsClick = false;

  /**
   * `canDrag()` is asked when a grip is pulled. `onDrop(item, to)` may put the item there;
   * `onEnd()` comes after every drag, dropped or not.
   */
  constructor({ list, canDrag, onDrop, onEnd }) {
    this.#list = list;
    this.#canDrag = canDrag;
    this.#onDrop = onDrop;
    this.#onEnd = onEnd;
    list.addEventListener('pointerdown', (event) => this.#take(event));
    list.addEventListener('pointermove', (event) => this.#pull(event));
    list.addEventListener('pointerup', (event) => this.#release(event));
    for (const name of ['pointercancel', 'lostpointercapture']) {
      list.addEventListener(name, (event) => this.#isOurs(event) && this.#end());
    }
    // The release of a drag is a click on the grip, too.
    list.addEventListener('click', (event) => this.#click(event), { capture: true });
    addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.dragging) return;
      event.preventDefault();
      this.#end();
    });
    addEventListener('scroll', () => this.dragging && this.#show(), { passive: true });
  }

  get dragging() {
    return this.#drag?.moved === true;
  }

  #isOurs(event) {
    return this.#drag !== null && event.pointerId === this.#drag.pointerId;
  }

  #take(event) {
    const grip = event.target.closest('.grip');
    if (grip === null || event.button !== 0 || this.#drag !== null) return;
    this.#drag = {
      grip,
      item: grip.closest('li'),
      pointerId: event.pointerId,
      y: event.clientY,
      startY: event.clientY + scrollY,
      moved: false,
    };
    grip.setPointerCapture(event.pointerId);
  }

  #pull(event) {
    const drag = this.#drag;
    if (!this.#isOurs(event)) return;
    drag.y = event.clientY;
    if (!drag.moved) {
      if (Math.abs(drag.y + scrollY - drag.startY) < SLACK_PX) return;
      if (!this.#canDrag()) {
        this.#drag = null;
        return;
      }
      this.#lift();
    }
    this.#show();
  }

  #lift() {
    const drag = this.#drag;
    const items = [...this.#list.children];
    const from = items.indexOf(drag.item);
    const pitchPx = drag.item.getBoundingClientRect().height;
    Object.assign(drag, { items, from, to: from, pitchPx, moved: true });
    this.#list.classList.add('is-sorting');
    drag.item.classList.add('is-dragged');
    const step = () => {
      if (this.#drag !== drag) return;
      const dock = document.querySelector('.dock')?.offsetHeight ?? 0;
      const byPx = edgeScroll(drag.y, innerHeight - dock);
      if (byPx !== 0) scrollBy({ top: byPx, behavior: 'instant' });
      requestAnimationFrame(step);
    };
    step();
  }

  #show() {
    const { item, items, from, to: before, pitchPx, y, startY } = this.#drag;
    const movedPx = y + scrollY - startY;
    const highest = -from * pitchPx;
    const lowest = (items.length - 1 - from) * pitchPx;
    const bounded = Math.min(lowest + pitchPx / 3, Math.max(highest - pitchPx / 3, movedPx));
    item.style.transform = `translateY(${bounded}px)`;
    const to = dropIndex({ from, count: items.length, movedPx, pitchPx });
    if (to === before) return;
    this.#drag.to = to;
    const [low, high] = [Math.min(from, to, before), Math.max(from, to, before)];
    for (let index = low; index <= high; index += 1) {
      if (index === from) continue;
      const rows = shiftOf(index, from, to);
      items[index].style.transform = rows === 0 ? '' : `translateY(${rows * pitchPx}px)`;
    }
  }

  #release(event) {
    if (!this.#isOurs(event)) return;
    if (!this.#drag.moved) {
      this.#drag = null;
      return;
    }
    this.#swallowsClick = true;
    setTimeout(() => (this.#swallowsClick = false), CLICK_MS);
    const { item, from, to } = this.#drag;
    this.#end(to === from ? undefined : () => this.#onDrop(item, to));
  }

  #end(drop) {
    const { item, items, moved } = this.#drag;
    this.#drag = null;
    if (!moved) return;
    const seenAt = item.getBoundingClientRect().top;
    this.#list.classList.remove('is-sorting');
    for (const other of items) other.style.transform = '';
    item.classList.remove('is-dragged');
    drop?.();
    this.#onEnd();
    settle(item, seenAt - item.getBoundingClientRect().top);
  }

  #click(event) {
    if (!this.#swallowsClick) return;
    this.#swallowsClick = false;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Slides from where the finger let go to where the row is. */
function settle(item, fromPx) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  item.animate([{ transform: `translateY(${fromPx}px)` }, { transform: 'none' }], {
    duration: SETTLE_MS,
    easing: 'ease-out',
  });
}
