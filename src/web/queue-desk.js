// Everything about the queue in one place: what everybody sees of it, what is done to it by those who
// may, and the files that come into it.
//
// An edit shows at once and is sent; the room's next QUEUE settles it. Nothing here touches the
// player: an upload or an edit that fails changes no sound.

import { byId, announce, setText, show } from './dom.js';
import { wireDropZone } from './drop-zone.js';
import { HistoryPanel } from './history-panel.js';
import { unsentNotice } from './notices.js';
import { idBehind, PendingEdits } from './queue-edits.js';
import { QueuePanel } from './queue-panel.js';
import { findTrack } from './room-model.js';
import { showToast } from './toast.js';
import { trackWords } from './track-words.js';
import { UploadQueue } from './upload-queue.js';
import { sendFile } from './upload-request.js';
import { UploadsPanel } from './uploads-panel.js';
import { dropWords, notYoursWords } from './upload-words.js';

export class QueueDesk {
  #send;
  #onChange;
  #edits = new PendingEdits();
  #uploads;
  #queue;
  #uploadsPanel;
  #history;
  #view = { mayAdd: false, canAdd: false, canEdit: false, connected: false, hostName: null };
  #room = null;
  #shown = { from: null, tracks: [] };
  #waiting = { tracks: null, from: undefined, ids: new Set() };
  #unplayable = new Set();
  #tracksBefore = [];
  #limitAsked = false;

  /**
   * `send(message)` returns whether it went out, and says so when it did not; `onChoose(trackId)`
   * plays a track; `onChange()` asks for another render.
   */
  constructor({ roomName, send, onChoose, onChange }) {
    this.#send = send;
    this.#onChange = onChange;
    this.#queue = new QueuePanel({
      onChoose,
      onMove: (trackId, beforeId) => this.#move(trackId, beforeId),
      onRemove: (trackId) => this.#remove(trackId),
      onBlocked: () => showToast(unsentNotice().text),
    });
    this.#history = new HistoryPanel({ onAgain: (trackId) => this.#again(trackId) });
    this.#uploads = new UploadQueue({
      send: (options) => {
        this.#tracksBefore = this.#room.tracks;
        return sendFile({ room: roomName, ...options });
      },
      nowMs: () => performance.now(),
    });
    this.#uploadsPanel = new UploadsPanel({ uploads: this.#uploads });
    this.#listen();
  }

  get uploading() {
    return this.#uploads.busy;
  }

  #listen() {
    this.#uploads.addEventListener('change', () => this.#renderUploads());
    this.#uploads.addEventListener('added', ({ detail }) => this.#added(detail));
    this.#uploads.addEventListener('failed', ({ detail: { file, problem } }) => {
      announce(`${file.name} was not added. ${problem.text}`);
      this.#onChange();
    });
    wireDropZone({
      isActive: () => document.body.dataset.view === 'party',
      words: () => dropWords(this.#view),
      onFiles: (files) => this.#add(files),
    });
    addEventListener('beforeunload', (event) => {
      if (this.#uploads.busy) event.preventDefault();
    });
  }

  // What comes in.

  /** The room's queue has come. */
  settle({ tracks }) {
    this.#edits.settle(tracks);
    this.#shown = { from: null, tracks: [] };
  }

  /** The room has refused something, or is gone: what it does not show does not hold. */
  forget() {
    this.#edits.clear();
    this.#shown = { from: null, tracks: [] };
  }

  /** What this browser could not decode is marked, for the host to take out. */
  playerChanged({ phase, reason, trackId }) {
    const failed = phase === 'failed' && reason === 'decode';
    if (trackId === null || this.#unplayable.has(trackId) === failed) return;
    if (!failed && phase !== 'playing') return;
    this.#unplayable = new Set(this.#unplayable);
    if (failed) this.#unplayable.add(trackId);
    else this.#unplayable.delete(trackId);
  }

  /** This tab is not in the room any more: what it was sending is nobody's. */
  stop() {
    this.forget();
    this.#uploads.cancelAll();
  }

  tick() {
    if (this.#edits.expire(performance.now())) this.forget();
    this.#uploads.tick();
  }

  // What is shown.

  /** `view` as party.js makes it. */
  render(room, view) {
    const connected = view.connection === 'open';
    const { canControl, canEdit, mayAdd, canAdd, hostName } = view;
    this.#room = room;
    this.#view = { mayAdd, canAdd, canEdit, connected, hostName };
    this.#uploads.setKey(connected && mayAdd ? room.uploadKey : null);
    const currentId = view.state?.track_id ?? null;
    const tracks = this.#tracks();
    this.#queue.render({
      tracks,
      known: room.tracksKnown,
      canControl,
      canEdit,
      ownId: canAdd ? room.peerId : null,
      connected,
      currentId,
      playing: view.playing && view.phase !== 'failed',
      unplayable: this.#unplayable,
      arriving: view.arriving,
    });
    this.#history.render({
      played: room.played,
      canAdd,
      connected,
      waiting: this.#waitingIds(tracks, currentId),
      find: (trackId) => findTrack(room, trackId),
    });
    show(byId('tab-history'), room.historyKnown);
    show(byId('add-row'), canAdd);
    show(byId('dock-add'), canAdd);
    show(byId('queue-offline'), canAdd && !connected && tracks.length > 0);
    setText(byId('queue-count'), tracks.length > 0 ? String(tracks.length) : '');
    this.#renderUploads();
  }

  focusQueue() {
    this.#queue.focus();
  }

  #renderUploads() {
    this.#uploadsPanel.render(this.#view);
  }

  /** The queue with what is on its way; the same array as long as neither has changed. */
  #tracks() {
    const from = this.#room.tracks;
    if (this.#shown.from !== from) this.#shown = { from, tracks: this.#edits.apply(from) };
    return this.#shown.tracks;
  }

  #waitingIds(tracks, currentId) {
    // Who may not move a track cannot bring it back from before the current one.
    const from = this.#view.canEdit ? currentId : null;
    if (this.#waiting.tracks !== tracks || this.#waiting.from !== from) {
      const current = tracks.findIndex((track) => track.track_id === from);
      const ids = new Set(tracks.slice(Math.max(0, current)).map((track) => track.track_id));
      this.#waiting = { tracks, from, ids };
    }
    return this.#waiting.ids;
  }

  // What is done to it.

  #move(trackId, beforeId) {
    const message = { type: 'MOVE', track_id: trackId };
    if (beforeId !== null) message.before = beforeId;
    if (!this.#send(message)) return;
    this.#edits.move(trackId, beforeId, performance.now());
    this.#edited();
  }

  #remove(trackId) {
    const tracks = this.#tracks();
    const title = this.#titleOf(trackId);
    const beforeId = idBehind(tracks, trackId);
    if (!this.#send({ type: 'REMOVE', track_id: trackId })) return;
    this.#edits.remove(trackId, performance.now());
    showToast(`${title} is out of the queue.`, {
      label: 'Undo',
      run: () => this.#bringBack(trackId, beforeId),
    });
    this.#edited();
  }

  #bringBack(trackId, beforeId) {
    const isThere = this.#view.canEdit && beforeId !== null && findTrack(this.#room, beforeId);
    const before = isThere ? { before: beforeId } : {};
    this.#send({ type: 'ADD', track_id: trackId, ...before });
    // The button that had the focus is gone.
    byId('add-button').focus({ preventScroll: true });
  }

  /** What was played is mostly in the queue still, before the current one, and only moves. */
  #again(trackId) {
    if (findTrack({ tracks: this.#tracks() }, trackId)) this.#move(trackId, null);
    else if (!this.#send({ type: 'ADD', track_id: trackId })) return;
    const entry = this.#room.played.find((played) => played.track_id === trackId);
    announce(`${trackWords(entry ?? { track_id: trackId }).title} comes again at the end.`);
  }

  #edited() {
    this.#shown = { from: null, tracks: [] };
    this.#onChange();
  }

  #titleOf(trackId) {
    return trackWords(findTrack(this.#room, trackId) ?? { track_id: trackId }).title;
  }

  // What comes from this device.

  #add(files) {
    if (!this.#view.mayAdd) {
      showToast(notYoursWords(this.#view.hostName));
      return;
    }
    if (!this.#view.canAdd) return;
    this.#askLimit();
    this.#uploads.add(files);
    announce(files.length === 1 ? `Adding ${files[0].name}` : `Adding ${files.length} files`);
    this.#onChange();
  }

  #added({ upload, entry }) {
    const { title } = trackWords(entry ?? { name: upload.file.name });
    const already = this.#tracksBefore.some((track) => track.track_id === entry?.track_id);
    if (already) {
      showToast(`${title} is in the queue already.`);
      return;
    }
    announce(`${title} is in the queue.`);
    this.#onChange();
  }

  /** What the server takes of one file. Without an answer it says so itself when it is too much. */
  async #askLimit() {
    if (this.#limitAsked) return;
    this.#limitAsked = true;
    try {
      const answer = await fetch('/api/server', { cache: 'no-store' });
      const { upload_bytes_max: bytesMax } = await answer.json();
      if (Number.isFinite(bytesMax) && bytesMax > 0) this.#uploads.setBytesMax(bytesMax);
    } catch {
      this.#limitAsked = false;
    }
  }
}
