// The files on their way: a row each with its name, how far it is and a way to stop it.
//
// Rows are kept by upload and changed in place. What changes with every percent is no live region;
// beginnings and ends are announced by whoever owns the uploads.

import { byId, el, icon, setAttribute, setText, show } from './dom.js';
import { orderChildren } from './keyed-list.js';
import { fileStem } from './track-words.js';
import { uploadsSummary, uploadWords } from './upload-words.js';

/** More rows than that would push the queue out of sight. */
const ROWS_MAX = 6;

export class UploadsPanel {
  #uploads;
  #list = byId('upload-rows');
  #rows = new Map();

  constructor({ uploads }) {
    this.#uploads = uploads;
    byId('uploads-stop').addEventListener('click', () => {
      uploads.cancelAll();
      byId('add-button').focus();
    });
    this.#list.addEventListener('click', (event) => this.#click(event));
  }

  /** `view`: connected, mayAdd. */
  render(view) {
    const { uploads } = this.#uploads;
    show(byId('uploads'), uploads.length > 0);
    if (uploads.length > 0) setText(byId('uploads-summary'), uploadsSummary(uploads));
    show(byId('uploads-stop'), uploads.length > 1);
    setText(byId('uploads-stop'), this.#uploads.busy ? 'Stop all' : 'Clear');
    const rows = new Map();
    for (const upload of shownOf(uploads)) {
      const row = this.#rows.get(upload.id) ?? createRow(upload);
      fillRow(row, upload, view);
      rows.set(upload.id, row);
    }
    this.#rows = rows;
    orderChildren(
      this.#list,
      [...rows.values()].map((row) => row.item),
    );
    const more = uploads.length - rows.size;
    setText(byId('uploads-more'), more > 0 ? `and ${more} more` : '');
  }

  #click(event) {
    const button = event.target.closest('button');
    if (button === null) return;
    const item = button.closest('li');
    const id = Number(item.dataset.upload);
    if (button.matches('.retry')) {
      this.#uploads.retry(id);
      item.querySelector('.stop').focus();
      return;
    }
    const next = item.nextElementSibling ?? item.previousElementSibling;
    this.#uploads.cancel(id);
    (next?.querySelector('.stop') ?? byId('add-button')).focus();
  }
}

/** What is sent, and what has something to say, before what only waits. */
function shownOf(uploads) {
  const urgent = uploads.filter((upload) => upload.state !== 'waiting').slice(-ROWS_MAX);
  const waiting = uploads.filter((upload) => upload.state === 'waiting');
  const shown = new Set([...urgent, ...waiting].slice(0, ROWS_MAX));
  return uploads.filter((upload) => shown.has(upload));
}

function createRow({ id, file }) {
  const title = fileStem(file.name) || file.name;
  const row = {
    status: el('p', { class: 'row-sub' }),
    bar: el('div', {
      class: 'bar',
      role: 'progressbar',
      'aria-label': `Upload of ${title}`,
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    }),
    played: el('div', { class: 'bar-played' }),
    retry: el('button', { class: 'button small retry', type: 'button' }, 'Try again'),
    stop: el('button', { class: 'round stop', type: 'button' }, icon('close')),
  };
  setAttribute(row.retry, 'aria-label', `Try again: ${title}`);
  row.bar.append(row.played);
  row.item = el(
    'li',
    { class: 'upload', 'data-upload': id },
    el('div', { class: 'row-words' }, el('p', { class: 'row-title' }, title), row.status, row.bar),
    row.retry,
    row.stop,
  );
  row.title = title;
  return row;
}

function fillRow(row, upload, { connected, mayAdd }) {
  const failed = upload.state === 'failed';
  const share = upload.file.size > 0 ? upload.sentBytes / upload.file.size : 0;
  setText(row.status, uploadWords(upload, { connected, mayAdd }));
  setAttribute(row.item, 'data-state', upload.state);
  show(row.bar, upload.state === 'sending');
  // Without a connection it goes on by itself, or not at all.
  show(row.retry, failed && connected && mayAdd && upload.problem.canRetry);
  row.bar.style.setProperty('--played', share.toFixed(4));
  setAttribute(row.bar, 'aria-valuenow', Math.floor(share * 100));
  setAttribute(row.stop, 'aria-label', `${failed ? 'Dismiss' : 'Cancel'} ${row.title}`);
}
