// The party: keeps what is known about the room, and shows it.
//
// One direction: socket, player and people change the model, and `#render` makes the page say it.
// Nothing here decides when sound starts; the player follows the room's state by itself. A lost
// connection never touches the player: the music goes on.

import { announce, byId, setText, show } from './dom.js';
import { Controls } from './controls.js';
import { openHelp, openShare, wireDialogs } from './dialogs.js';
import { showDoor } from './door.js';
import { Drawer } from './drawer.js';
import { DurationTeller } from './duration-teller.js';
import { showEnding } from './ending.js';
import { wireKeys, wireTabs } from './keys.js';
import { KEY_TROUBLES } from './key-words.js';
import { LockDesk } from './lock-desk.js';
import { nextTrackId } from './next-track.js';
import { PeoplePanel } from './people-panel.js';
import { placeOf } from './place.js';
import { QueueDesk } from './queue-desk.js';
import { lastTrackNotice, noticeWords, refusalNotice, unsentNotice } from './notices.js';
import { rightsOf } from './rights.js';
import { applyMessage, emptyRoom, findTrack, queuePlace, waitingAt } from './room-model.js';
import { SeatDesk } from './seat-desk.js';
import { SoundDesk } from './sound-desk.js';
import { renderChip, renderNotice, Stage } from './stage.js';
import { SwarmPanel } from './swarm-panel.js';
import { Timeline } from './timeline.js';
import { connectionWords, newsWords, stageWords } from './words.js';

const TICK_MS = 250;
const FLASH_MS = 9000;

/** The second half of a double tap on Listen is over by then. */
const SETTLE_MS = 400;

export class Party {
  #roomName;
  #player;
  #clock;
  #socket;
  #keys;
  #version;
  #room = emptyRoom();
  #flash = null;
  #stage;
  #timeline;
  #desk;
  #seat;
  #lock;
  #people;
  #swarm;
  #controls;
  #sound;
  #tabs;
  #durationTeller;

  constructor({ roomName, player, clock, socket, storage, keys, version }) {
    this.#roomName = roomName;
    this.#player = player;
    this.#clock = clock;
    this.#socket = socket;
    this.#keys = keys;
    this.#version = version;
    this.#durationTeller = new DurationTeller({ send: (message) => socket.send(message) });
    this.#buildViews(storage);
    this.#sound = new SoundDesk({ player, clock, socket, storage, controls: this.#controls });
    this.#listen();
  }

  /** Called inside the click that joins, after sound was asked for. */
  start({ role, name }) {
    setText(byId('room-name'), this.#roomName);
    setText(byId('foot-version'), `jam ${this.#version}`);
    this.#enter({ role, name });
    setInterval(() => this.#tick(), TICK_MS);
  }

  #enter({ role, name }) {
    document.body.dataset.view = 'party';
    show(byId('party'), true);
    this.#socket.join({ role, name });
    this.#sound.start();
    this.#render();
    // Not `inert`: that would take the focus away from the heading, and from screen readers all.
    byId('party').classList.add('is-settling');
    setTimeout(() => byId('party').classList.remove('is-settling'), SETTLE_MS);
    // The button that had the focus is gone.
    byId('now-title').focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  #buildViews(storage) {
    const playback = {
      room: () => this.#heardRoom(),
      roomTrackId: () => this.#room.state?.track_id ?? null,
      positionSec: () => this.#positionSec(),
      durationSec: () => this.#player.snapshot().durationSec,
      phase: () => this.#player.snapshot().phase,
      send: (message) => this.#sendOrSay(message),
      onLast: () => {
        this.#say(lastTrackNotice());
        this.#render();
      },
    };
    this.#stage = new Stage({ roomName: this.#roomName });
    this.#controls = new Controls({ player: this.#player, storage, playback });
    this.#timeline = new Timeline({ onSeek: (sec) => this.#controls.seekTo(sec) });
    this.#desk = new QueueDesk({
      roomName: this.#roomName,
      send: (message) => this.#sendOrSay(message),
      onChoose: (trackId) => this.#controls.choose(trackId),
      onChange: () => this.#render(),
    });
    const keyed = { send: (message) => this.#sendOrSay(message), keys: this.#keys };
    this.#lock = new LockDesk(keyed);
    this.#seat = new SeatDesk({
      ...keyed,
      say: (notice) => this.#say(notice),
    });
    this.#people = new PeoplePanel({ onMenu: (peerId) => this.#seat.openMember(peerId) });
    this.#tabs = wireTabs(document.querySelector('[role="tablist"]'));
    const shared = { socket: this.#socket, room: () => this.#room };
    this.#swarm = new SwarmPanel({ ...shared, roomName: this.#roomName });
    new Drawer(shared);
    wireDialogs();
  }

  #listen() {
    this.#socket.addEventListener('message', (event) => this.#receive(event.detail));
    this.#socket.addEventListener('connection', () => this.#connectionChanged());
    this.#socket.addEventListener('seat-taken', () => this.#seat.seatTaken());
    this.#player.addEventListener('change', () => {
      this.#desk.playerChanged(this.#player.snapshot());
      this.#report();
      this.#render();
    });
    for (const name of ['online', 'offline']) {
      addEventListener(name, () => this.#render());
    }
    byId('hear-button').addEventListener('click', () => this.#player.unlock());
    byId('start-button').addEventListener('click', () => this.#controls.toggle());
    byId('retry-button').addEventListener('click', () => this.#player.retry());
    byId('notice-button').addEventListener('click', () => this.#noticeAction());
    byId('share-button').addEventListener('click', () => this.#share());
    byId('help-button').addEventListener('click', () => this.#help());
    wireKeys((meaning) => this.#key(meaning));
  }

  // What comes in.

  #receive(message) {
    // The swarm's panel listens for itself; nothing else changes.
    if (message.type === 'SWARM') return;
    if (message.type === 'ERROR') {
      this.#desk.forget();
      this.#seat.forget();
      this.#lock.refused(message.message);
      if (!this.#seat.wantsKey(message.message)) this.#say(refusalNotice(message.message));
      this.#render();
      return;
    }
    const before = this.#room;
    const { room, happened } = applyMessage(before, message);
    this.#room = room;
    if (happened.includes('tracks')) {
      this.#player.setKnownTracks(room.tracks);
      this.#desk.settle(room);
    }
    if (happened.includes('state')) {
      this.#player.setState(room.state);
      this.#timeline.settle();
    }
    this.#player.setNextTrack(nextTrackId(room.tracks, room.state?.track_id));
    this.#seat.receive(happened, before, room);
    this.#lock.receive(happened, room);
    this.#announce(happened);
    this.#render();
  }

  #connectionChanged() {
    this.#seat.forget();
    if (this.#socket.connection === 'open') {
      this.#sound.connected();
      this.#durationTeller.reset();
      if (this.#flash?.id === 'unsent') this.#flash = null;
    } else {
      this.#desk.forget();
      // It came with that connection and ends with it.
      this.#room = { ...this.#room, uploadKey: null };
    }
    this.#render();
    if (this.#socket.connection === 'idle') this.#end();
  }

  /** This tab is not in the room any more, and does not come back by itself. */
  #end() {
    const { role, name, trouble } = this.#socket;
    this.#desk.stop();
    this.#player.setNextTrack(null);
    this.#player.setState(null);
    const about = { why: trouble, roomName: this.#roomName };
    const onReturn = (asRole = role) => {
      this.#player.unlock();
      this.#enter({ role: asRole, name });
    };
    if (KEY_TROUBLES.includes(trouble)) showDoor({ ...about, keys: this.#keys, onReturn });
    else showEnding({ ...about, hostName: this.#room.host?.name ?? null, onReturn });
  }

  #noticeAction() {
    const action = byId('notice-button').dataset.action;
    if (action === 'seat') {
      this.#player.unlock();
      this.#seat.take();
    }
    if (action === 'reload') location.reload();
    if (action === 'dismiss') this.#flash = null;
    this.#render();
  }

  #key(meaning) {
    if (document.body.dataset.view !== 'party') return false;
    switch (meaning) {
      case 'mute':
        this.#controls.toggleMute();
        return true;
      case 'find':
        this.#tabs.select('tab-queue');
        this.#desk.focusQueue();
        return true;
      case 'help':
        this.#help();
        return true;
      default:
        if (meaning !== 'toggle' || byId('hear-button').hidden) {
          return this.#rights().canControl && this.#controls.act(meaning);
        }
        this.#player.unlock();
        return true;
    }
  }

  #share() {
    openShare(this.#roomName, { keys: this.#keys, locked: this.#room.locked });
  }

  #help() {
    openHelp(this.#rights());
  }

  #say(notice) {
    this.#flash = { ...notice, untilMs: performance.now() + FLASH_MS };
  }

  /** For screen readers: tracks and hosts, politely; notices have their own live region. */
  #announce(happened) {
    const { title } = stageWords({ ...this.#view(), ...currentTrack(this.#room) });
    const said = newsWords(happened, this.#room, title);
    if (said !== '') announce(said);
  }

  // What goes out.

  #sendOrSay(message) {
    if (this.#socket.send(message)) return true;
    this.#say(unsentNotice());
    this.#render();
    return false;
  }

  #tick() {
    if (this.#flash && performance.now() > this.#flash.untilMs) this.#flash = null;
    this.#report();
    this.#desk.tick();
    if (!document.hidden) this.#render();
  }

  #report() {
    if (this.#socket.connection !== 'open') return;
    if (this.#socket.role === 'host')
      this.#durationTeller.update({
        durations: this.#player.durations(),
        tracks: this.#room.tracks,
      });
    this.#sound.report();
  }

  /** Seconds into the track: what is heard here, else where the room is. Never NaN. */
  #positionSec() {
    return placeOf(this.#player.snapshot(), this.#roomSec());
  }

  /** Null while it is not known. */
  #roomSec() {
    return this.#clock.ready ? this.#clock.roomAt(localSec()) : null;
  }

  /** The room as it sounds: a track that is about to begin is not the current one yet. */
  #heardRoom() {
    return { ...this.#room, state: this.#player.snapshot().state };
  }

  #rights() {
    const { guests, editable } = this.#room;
    return rightsOf({ isHost: this.#socket.role === 'host', guests, editable });
  }

  #view() {
    const room = this.#heardRoom();
    const socket = this.#socket;
    const snapshot = this.#player.snapshot();
    const playing = room.state?.status === 'PLAY' && room.state.track_id !== null;
    return {
      room: this.#roomName,
      ...currentTrack(room),
      trackCount: room.tracks.length,
      isHost: socket.role === 'host',
      ...this.#rights(),
      ...this.#seat.view(room, this.#roomSec()),
      uploading: this.#desk.uploading,
      queueEnded: room.queueEnded,
      hostName: room.host?.name ?? null,
      lastHostName: room.lastHostName,
      membersKnown: room.membersKnown,
      total: room.total,
      connection: socket.connection,
      trouble: socket.trouble,
      online: navigator.onLine,
      phase: snapshot.phase,
      reason: snapshot.reason,
      waiting: waitingAt(room, this.#roomSec() ?? NaN),
      loaded: snapshot.loaded,
      errorMs: snapshot.errorMs,
      sounding: snapshot.phase === 'playing',
      playing: playing && snapshot.phase !== 'ended',
      updated: this.#isUpdated(),
      arriving: this.#swarm.arriving,
      flash: this.#flash,
    };
  }

  /** A page without its version filled in was not served by jam itself. */
  #isUpdated() {
    const { serverVersion } = this.#room;
    return serverVersion !== null && /^\d/.test(this.#version) && serverVersion !== this.#version;
  }

  #render() {
    if (document.body.dataset.view !== 'party') return;
    const view = this.#view();
    Object.assign(document.body.dataset, {
      phase: view.phase,
      connection: view.connection,
      role: this.#socket.role,
    });
    this.#stage.render(view);
    renderChip(view);
    renderNotice(noticeWords(view));
    this.#renderTransport(view);
    const room = this.#room;
    this.#desk.render(room, view);
    this.#seat.render(room, view);
    this.#lock.render(room, view);
    this.#people.render({
      ...room,
      ownId: room.peerId,
      canManage: view.isHost && room.rightsKnown,
      machineWords: (id) => this.#swarm.machineWords(id),
    });
    setText(byId('connection'), connectionWords(view.connection));
  }

  #renderTransport(view) {
    const trackId = view.state?.track_id ?? null;
    const snapshot = this.#player.snapshot();
    this.#timeline.render({
      visible: trackId !== null,
      positionSec: this.#positionSec(),
      durationSec: snapshot.durationSec,
      loaded: snapshot.loaded,
      canSeek: view.canControl && view.connection === 'open',
    });
    const place = queuePlace(this.#room.tracks, trackId);
    this.#controls.render({ ...view, ...place, trackId });
    const positionSec = this.#positionSec();
    this.#sound.render({ ...view, positionSec, durationSec: snapshot.durationSec });
  }
}

function currentTrack(room) {
  return { state: room.state, track: findTrack(room, room.state?.track_id) };
}

function localSec() {
  return performance.now() / 1000;
}
