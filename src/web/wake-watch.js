// Notices that this page, its machine or its network has been away: sleep, another network, a frozen
// tab.
//
// It never does anything about it but call `onWake`. It may call too often: whoever is called only asks
// whether all is well.

const LOOK_EVERY_MS = 500;

/**
 * A look that comes later than this was held up. In a background tab some browsers look once a minute; then
 * each look counts.
 */
const GAP_MS = 3000;

/** `nowMs` is the time of day, which goes on while a machine sleeps; other clocks may not. */
export function watchWaking({ onWake, nowMs = () => Date.now() }) {
  const look = () => {
    const gapMs = nowMs() - lookedMs;
    lookedMs = nowMs();
    if (gapMs > GAP_MS) onWake();
  };
  let lookedMs = nowMs();
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener('visibilitychange', () => document.hidden || onWake());
  document.addEventListener('resume', () => onWake());
  addEventListener('pageshow', (event) => event.persisted && onWake());
  addEventListener('online', () => onWake());
  globalThis.navigator?.connection?.addEventListener?.('change', () => onWake());
}
