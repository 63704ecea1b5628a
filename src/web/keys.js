// The keyboard: which key means what, and when a key belongs to the element that has the focus.
//
// A field keeps every key, a button keeps space, the tabs keep their arrows. With a modifier the
// key belongs to the browser.

const FIELDS = 'input:not([type="range"]), textarea, select, [contenteditable]';
const PRESSABLE = 'button, a, summary, label, input[type="checkbox"]';

/**
 * What `event` asks for: 'toggle', 'back', 'forward', 'next', 'previous', 'mute',
 * 'find', 'help' or null. Pure.
 */
export function keyMeaning({ key, modified, shifted, inField, onPressable, inTabs }) {
  if (modified || inField) return null;
  switch (key) {
    case ' ':
      return onPressable ? null : 'toggle';
    case 'ArrowLeft':
      if (inTabs) return null;
      return shifted ? 'previous' : 'back';
    case 'ArrowRight':
      if (inTabs) return null;
      return shifted ? 'next' : 'forward';
    case 'n':
    case 'N':
      return 'next';
    case 'p':
    case 'P':
      return 'previous';
    case 'm':
    case 'M':
      return 'mute';
    case '/':
      return 'find';
    case '?':
      return 'help';
    default:
      return null;
  }
}

/** A slider goes both ways with all four arrows. */
const SEEK_KEYS = { ArrowUp: 'ArrowRight', ArrowDown: 'ArrowLeft' };

/** `act(meaning)` returns true when the key was used; then the browser does not see it. */
export function wireKeys(act) {
  document.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]')) return;
    const target = event.target instanceof Element ? event.target : document.body;
    // The volume keeps its own arrows; on the seek bar they mean the same five seconds.
    if (target.id === 'volume' && event.key.startsWith('Arrow')) return;
    const upDown = target.id === 'seek' ? SEEK_KEYS[event.key] : undefined;
    const meaning = keyMeaning({
      key: upDown ?? event.key,
      modified: event.ctrlKey || event.metaKey || event.altKey,
      shifted: event.shiftKey,
      inField: target.matches(FIELDS),
      onPressable: target.closest(PRESSABLE) !== null,
      inTabs: target.closest('[role="tablist"]') !== null,
    });
    if (meaning !== null && act(meaning)) event.preventDefault();
  });
}

/** Tabs by the book: arrows move and show, Home and End go to the ends. */
export function wireTabs(tablist) {
  const tabs = [...tablist.querySelectorAll('[role="tab"]')];
  const select = (tab, focus) => {
    for (const other of tabs) {
      const selected = other === tab;
      other.setAttribute('aria-selected', String(selected));
      other.tabIndex = selected ? 0 : -1;
      document.getElementById(other.getAttribute('aria-controls')).hidden = !selected;
    }
    if (focus) tab.focus();
  };
  tablist.addEventListener('click', (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) select(tab, false);
  });
  tablist.addEventListener('keydown', (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = {
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      ArrowRight: (at + 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    select(tabs[to], true);
  });
  return {
    select: (id) =>
      select(
        tabs.find((tab) => tab.id === id),
        false,
      ),
  };
}
