// Everything about who hosts and who may do what: taking the seat, handing it over, what guests may
// do, votes, and removing somebody.
//
// It asks the server and shows what the room's RIGHTS say; nothing is done before they say so.

import { announce, byId, setAttribute, setText, show } from './dom.js';
import { openKeySheet } from './key-sheet.js';
import { seatKeyWords } from './key-words.js';
import { closeMemberSheet, openMemberSheet } from './member-sheet.js';
import { seatGivenNotice, seatTakenNotice } from './notices.js';
import { guestsNews, guestsWords, voteWords } from './rights.js';
import { showToast } from './toast.js';

/** Who loads the page again is back by then. */
const SETTLE_MS = 1500;

const NO_VOTES = { votes: 0, needed: 0 };

export class SeatDesk {
  #send;
  #say;
  #keys;
  #room = null;
  #freeSinceMs = null;
  #wantedSeat = false;
  #shownGuests = null;
  #votedId = null;

  /** `send(message)` returns whether it went out, and says so when it did not; `say(notice)` shows one for a while. */
  constructor({ send, say, keys }) {
    this.#send = send;
    this.#keys = keys;
    this.#say = say;
    byId('guests-field').addEventListener('change', ({ target }) => {
      if (!send({ type: 'GUESTS', may: target.value })) this.forget();
    });
    byId('vote-button').addEventListener('click', () => this.#vote());
  }

  /** Called inside a click. */
  take() {
    // The button that has the focus goes.
    byId('now-title').focus({ preventScroll: true });
    this.#send({ type: 'TAKE_SEAT', host_key: this.#keys.host ?? undefined });
  }

  /** Whether the server refused the seat for want of a key; then it is asked for. */
  wantsKey(message) {
    const words = seatKeyWords(message);
    if (words === null) return false;
    openKeySheet({
      ...words,
      go: 'Host',
      onKey: (key) => {
        this.#keys.set({ host: key });
        this.take();
      },
    });
    return true;
  }

  // What comes in.

  /** The seat was asked for in joining, and is somebody else's. */
  seatTaken() {
    this.#wantedSeat = true;
  }

  /** `before` and `room`: what is known of the room before and after a message. */
  receive(happened, before, room) {
    if (happened.includes('state') && room.state.track_id !== this.#votedId) this.#votedId = null;
    if (happened.includes('rights') || happened.includes('members')) this.#seatNews(before, room);
    if (happened.includes('guests') && room.host?.peer_id !== room.peerId) {
      showToast(guestsNews(room.guests));
    }
  }

  /** The connection is new or gone, or the server refused something: what it does not say does not hold. */
  forget() {
    this.#votedId = null;
    this.#shownGuests = null;
  }

  #seatNews(before, { host, kept, peerId }) {
    if (host || kept) this.#freeSinceMs = null;
    else this.#freeSinceMs ??= performance.now();
    if (this.#wantedSeat && (host || kept)) {
      this.#wantedSeat = false;
      if (host && host.peer_id !== peerId) this.#say(seatTakenNotice({ hostName: host.name }));
      return;
    }
    const was = before.host;
    if (!was || !host || was.peer_id === host.peer_id) return;
    if (host.peer_id === peerId) this.#say(seatGivenNotice(was.name));
    if (was.peer_id === peerId) showToast(`${host.name} is hosting now.`);
  }

  // What is shown.

  /** What the notices want to know. `roomSec` is room time, null while it is not known. */
  view({ kept }, roomSec) {
    const leftSec = kept && roomSec !== null ? Math.ceil(kept.until - roomSec) : NaN;
    return {
      keptSec: kept ? Math.max(0, leftSec) : null,
      seatSettled: this.#freeSinceMs !== null && performance.now() - this.#freeSinceMs >= SETTLE_MS,
    };
  }

  /** `view` as party.js makes it. */
  render(room, view) {
    this.#room = room;
    this.#renderGuests(room, view);
    this.#renderVotes(room, view);
    const ids = new Set([...room.members, ...room.machines].map((member) => member.peer_id));
    closeMemberSheet((peerId) => view.isHost && ids.has(peerId));
  }

  #renderGuests({ rightsKnown, guests }, { isHost }) {
    show(byId('guests-row'), isHost && rightsKnown);
    const words = isHost ? '' : guestsWords(guests);
    setText(byId('guests-words'), words);
    show(byId('guests-words'), words !== '');
    // Not while it is open: only what the room says anew is put there.
    if (this.#shownGuests === guests) return;
    this.#shownGuests = guests;
    byId('guests-field').value = guests;
  }

  #renderVotes({ votes, state }, { canVote, canControl, connection }) {
    const now = votes ?? NO_VOTES;
    const trackId = state?.track_id ?? null;
    const { text, label } = voteWords(now);
    const button = byId('vote-button');
    show(byId('vote-row'), canVote && trackId !== null);
    setText(byId('vote-text'), text);
    setAttribute(button, 'aria-label', label);
    setAttribute(button, 'aria-pressed', String(this.#votedId === trackId));
    setAttribute(button, 'aria-disabled', connection === 'open' ? null : 'true');
    const counts = canControl && now.votes > 0;
    setText(byId('skip-count'), counts ? `${now.votes}/${now.needed}` : '');
    setAttribute(
      byId('next-button'),
      'aria-label',
      counts ? `Next track; ${now.votes} of ${now.needed} want to skip` : 'Next track',
    );
  }

  // What is done.

  #vote() {
    const trackId = this.#room.state?.track_id ?? null;
    const skip = this.#votedId === trackId ? null : trackId;
    if (!this.#send({ type: 'VOTE', skip })) return;
    this.#votedId = skip;
    setAttribute(byId('vote-button'), 'aria-pressed', String(skip !== null));
  }

  /** The dots of a member were pressed. */
  openMember(peerId) {
    const { members, machines } = this.#room;
    const person = members.find((member) => member.peer_id === peerId);
    const member = person ?? machines.find((machine) => machine.peer_id === peerId);
    if (!member) return;
    openMemberSheet({
      peerId,
      name: member.name,
      makeHost: person ? () => this.#decide({ type: 'HAND_OVER', to: peerId }) : null,
      remove: () => {
        if (this.#decide({ type: 'KICK', peer_id: peerId })) announce(`${member.name} is removed.`);
      },
    });
  }

  #decide(message) {
    // The dots that had the focus are about to go.
    byId('tab-people').focus({ preventScroll: true });
    return this.#send(message);
  }
}
