// A few words above the dock about what was just done, with a way to take it back.
//
// For what a finger did far down in a list, where the notice above the cover cannot be seen. One at
// a time; it goes by itself.

import { byId, setText, show } from './dom.js';

const SHOWN_MS = 9000;

let timer = null;
let act = null;

/** `action` is `{ label, run }` or left out. */
export function showToast(text, action = null) {
  clearTimeout(timer);
  act = action?.run ?? null;
  const button = byId('toast-button');
  show(button, action !== null);
  setText(button, action?.label ?? '');
  button.onclick = () => {
    const run = act;
    hideToast();
    run?.();
  };
  setText(byId('toast-text'), text);
  byId('toast').classList.remove('is-empty');
  timer = setTimeout(hideToast, SHOWN_MS);
}

export function hideToast() {
  clearTimeout(timer);
  setText(byId('toast-text'), '');
  show(byId('toast-button'), false);
  byId('toast').classList.add('is-empty');
}
