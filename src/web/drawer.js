// The developer drawer: every message both ways, and a way to send anything.
//
// Closed by default and idle while closed. What arrives is shown as text and never acted on; the
// list on the page is as bounded as the log behind it.

import { byId, el, setText } from './dom.js';
import { isFrequent } from './message-log.js';

const LINES_MAX = 340;
const ARROWS = { in: '←', out: '→', note: '·' };

export class Drawer {
  #socket;
  #room;
  #list = byId('drawer-log');

  /** `room()` gives what is known about it: one of its members can be picked for a SIGNAL. */
  constructor({ socket, room }) {
    this.#socket = socket;
    this.#room = room;
    byId('drawer').addEventListener('toggle', () => this.#rebuild());
    byId('log-frequent').addEventListener('change', () => this.#rebuild());
    byId('log-pause').addEventListener('change', () => this.#rebuild());
    byId('log-clear').addEventListener('click', () => socket.log.clear());
    byId('signal-to').addEventListener('focus', () => this.#offerPeers());
    byId('signal-form').addEventListener('submit', (event) => this.#signal(event));
    byId('raw-form').addEventListener('submit', (event) => this.#raw(event, 'PLAY'));
    byId('raw-pause').addEventListener('click', (event) => this.#raw(event, 'PAUSE'));
    socket.log.addEventListener('entry', (event) => this.#append(event.detail));
    socket.log.addEventListener('clear', () => this.#list.replaceChildren());
    socket.addEventListener('message', (event) => {
      if (event.detail.type === 'PEER') {
        setText(byId('own-peer-id'), String(event.detail.peer_id));
      }
    });
  }

  #rebuild() {
    if (!byId('drawer').open || byId('log-pause').checked) return;
    const entries = this.#socket.log.entries({ withFrequent: byId('log-frequent').checked });
    this.#list.replaceChildren(...entries.map(line));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #append(entry) {
    if (!byId('drawer').open || byId('log-pause').checked) return;
    if (isFrequent(entry.type) && !byId('log-frequent').checked) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#list.append(line(entry));
    while (this.#list.children.length > LINES_MAX) this.#list.firstChild.remove();
    // Somebody who scrolled up is reading.
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #offerPeers() {
    const { members, machines } = this.#room();
    byId('signal-peers').replaceChildren(
      ...[...members, ...machines].map((member) =>
        el('option', { value: member.peer_id, label: member.name }),
      ),
    );
  }

  #signal(event) {
    event.preventDefault();
    const problem = byId('signal-problem');
    const to = byId('signal-to').value.trim();
    let blob;
    try {
      blob = JSON.parse(byId('signal-blob').value);
    } catch (error) {
      setText(problem, `That is no JSON: ${error.message}`);
      return;
    }
    if (to === '') {
      setText(problem, 'To whom? Pick a peer id, or type one.');
      return;
    }
    this.#send({ type: 'SIGNAL', to, blob }, problem);
  }

  #raw(event, type) {
    event.preventDefault();
    const problem = byId('raw-problem');
    const offset = Number(byId('raw-offset').value.replace(',', '.'));
    if (!Number.isFinite(offset)) {
      setText(problem, 'The offset is a number of seconds, like 12.5.');
      return;
    }
    const trackId = byId('raw-track').value.trim() || null;
    this.#send({ type, track_id: trackId, offset_sec: offset }, problem);
  }

  #send(message, problem) {
    const sent = this.#socket.send(message);
    setText(problem, sent ? 'Sent.' : 'Not sent: there is no connection right now.');
  }
}

function line(entry) {
  const time = new Date(entry.atMs).toTimeString().slice(0, 8);
  return el(
    'li',
    { 'data-direction': entry.direction, 'data-type': entry.type },
    `${time} ${ARROWS[entry.direction]} ${entry.text}`,
  );
}
