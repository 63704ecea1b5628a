// The sheet behind the dots of a member: handing the host seat over, and removing somebody.
//
// Handing over asks nothing, for it can be handed back. Removing is final, so it asks first, with the
// focus on the way out.

import { byId, setText, show } from './dom.js';

let shown = null;

/** `makeHost` and `remove` carry it out; `makeHost` is null for a machine. */
export function openMemberSheet({ peerId, name, makeHost, remove }) {
  const dialog = byId('member-dialog');
  shown = peerId;
  setText(byId('member-title'), name);
  const ask = (asks) => {
    setText(byId('member-text'), asks ? `Remove ${name} from this room? It is for good.` : '');
    show(byId('member-host'), !asks && makeHost !== null);
    show(byId('member-remove'), !asks);
    show(byId('member-sure'), asks);
    setText(byId('member-keep'), asks ? 'Keep' : 'Done');
  };
  byId('member-host').onclick = () => {
    dialog.close();
    makeHost();
  };
  byId('member-remove').onclick = () => {
    ask(true);
    byId('member-keep').focus();
  };
  byId('member-sure').onclick = () => {
    dialog.close();
    remove();
  };
  ask(false);
  if (!dialog.open) dialog.showModal();
}

/** Whoever it is about has left, or it is not this member's to decide any more. */
export function closeMemberSheet(stillFits) {
  const dialog = byId('member-dialog');
  if (dialog.open && !stillFits(shown)) dialog.close();
}
