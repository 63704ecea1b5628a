// What stands around the cover: the record, the words under it, the chip and the notice.
//
// Only shows what it is given (the view that party.js makes of everything known) and decides
// nothing. The status line changes with every percent, so it is no live region; trouble is said
// once to screen readers instead.

import { announce, byId, setAttribute, setText, show } from './dom.js';
import { Record } from './record.js';
import { chipWords, crowdWords, stageWords } from './words.js';

const TROUBLE = new Set(['failed', 'blocked']);

export class Stage {
  #roomName;
  #record = new Record(byId('record'));
  #phaseSaid = '';

  constructor({ roomName }) {
    this.#roomName = roomName;
  }

  render(view) {
    const words = stageWords(view);
    const trackId = view.state?.track_id ?? null;
    this.#record.setTrack(trackId === null ? null : (view.track ?? { track_id: trackId }));
    this.#record.setPlaying(view.sounding);
    setText(byId('now-title'), words.title);
    setText(byId('now-artist'), words.artist);
    show(byId('now-artist'), words.artist !== '');
    setText(byId('crowd'), crowdWords(view));
    show(byId('crowd'), view.membersKnown);
    setText(byId('status'), words.status);
    setAttribute(byId('status'), 'data-tone', words.tone);
    show(byId('status'), words.status !== '');
    // With a track its place is kept, so that what is below stays under the finger.
    byId('status-row').classList.toggle('is-kept', trackId !== null);
    show(byId('hear-button'), words.action === 'hear');
    show(byId('retry-button'), words.action === 'retry');
    show(byId('stage-add'), words.action === 'add');
    show(byId('start-button'), words.action === 'start');
    document.title = `${view.sounding ? '▶ ' : ''}${words.title} · ${this.#roomName}`;
    this.#sayTrouble(view.phase, words.status);
  }

  #sayTrouble(phase, status) {
    if (phase === this.#phaseSaid) return;
    this.#phaseSaid = phase;
    if (TROUBLE.has(phase)) announce(status);
  }
}

export function renderChip(view) {
  const { text, tone } = chipWords(view);
  setText(byId('sync-text'), text);
  setAttribute(byId('sync-chip'), 'data-tone', tone);
  setAttribute(byId('sync-chip'), 'aria-label', `${text}. Show how exact it is.`);
}

/** `notice` as notices.js makes it, or null. */
export function renderNotice(notice) {
  // A live region that comes and goes together with its text is not read out: this one stays.
  byId('notice').classList.toggle('is-empty', notice === null);
  setAttribute(byId('notice'), 'data-notice', notice?.id);
  setText(byId('notice-text'), notice?.text ?? '');
  setText(byId('notice-count'), notice?.count ?? '');
  const button = byId('notice-button');
  show(button, notice?.action != null);
  setText(button, notice?.label ?? '');
  button.dataset.action = notice?.action ?? '';
}
