// What is left when this tab is not in the room any more: it was removed, or the room is open elsewhere.

import { byId, setText, show } from './dom.js';

/** `why` is 'removed' or 'elsewhere'; `onReturn()` is called inside the click that comes back here. */
export function showEnding({ why, roomName, hostName, onReturn }) {
  const { title, text } = endingWords({ why, hostName, roomName });
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  document.body.dataset.view = 'ending';
  document.title = `${roomName} · jam`;
  show(byId('party'), false);
  setText(byId('ending-title'), title);
  setText(byId('ending-text'), text);
  show(byId('ending-return'), why === 'elsewhere');
  byId('ending-return').onclick = () => {
    show(byId('ending'), false);
    onReturn();
  };
  show(byId('ending'), true);
  byId('ending-title').focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Pure. `hostName` is null where nobody knows it. */
export function endingWords({ why, hostName, roomName }) {
  if (why === 'elsewhere') {
    return {
      title: `${roomName} is open in another window`,
      text: 'The music goes on there. Only one of the two can be you.',
    };
  }
  return {
    title: `${hostName ?? 'The host'} removed you from this room`,
    text: 'You cannot come back to it. There may be other rooms for you.',
  };
}
