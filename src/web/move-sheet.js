// The sheet behind a tap on a grip: moving a track without dragging it.

import { byId, setAttribute, setText } from './dom.js';

/** `facts()` and `can(kind)` are asked again after each `move(kind)`. */
export function openMoveSheet({ title, facts, can, move }) {
  const dialog = byId('move-dialog');
  const buttons = [...dialog.querySelectorAll('[data-move]')];
  const refresh = () => {
    setText(byId('move-facts'), facts());
    for (const button of buttons) {
      setAttribute(button, 'aria-disabled', can(button.dataset.move) ? null : 'true');
    }
  };
  for (const button of buttons) {
    button.onclick = () => {
      if (can(button.dataset.move)) move(button.dataset.move);
      refresh();
    };
  }
  setText(byId('move-title'), title);
  refresh();
  if (!dialog.open) dialog.showModal();
}
