// A page in a tab that nobody looks at. A browser without a screen shows every tab, so what browsers do to hidden
// ones is done here: timers come once a second, and the page is told.

// Runs in the page before anything else. `window.hide(true)` and `window.hide(false)` say when.
export function canBeHidden() {
  const EVERY_MS = 1000;
  let isHidden = false;
  const { setInterval, setTimeout } = window;
  window.setInterval = (act, everyMs, ...rest) => {
    let lastMs = 0;
    const paced = () => {
      if (isHidden && performance.now() < lastMs + EVERY_MS) return;
      lastMs = performance.now();
      act(...rest);
    };
    return setInterval(paced, everyMs);
  };
  window.setTimeout = (act, afterMs = 0, ...rest) => {
    const dueMs = performance.now() + afterMs;
    const wholeMs = Math.ceil(dueMs / EVERY_MS) * EVERY_MS;
    return setTimeout(act, isHidden ? wholeMs - performance.now() : afterMs, ...rest);
  };
  window.hide = (hidden) => {
    isHidden = hidden;
    const state = hidden ? 'hidden' : 'visible';
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  };
}
