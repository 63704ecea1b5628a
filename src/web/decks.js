// Makes what plays a track: a BufferPlayer for decoded sound, an ElementPlayer for the rest.
//
// It never decides what is played or when. Both kinds have the same methods; here they are called
// decks.
//
// Invariant: one deck at most is made ahead (`ahead`), and it makes no sound.

import { BufferPlayer } from './buffer-player.js';
import { ElementPair } from './element-pair.js';

export class Decks {
  // { trackId, deck }: an element that is ready for the next track, or null.
  ahead = null;
  #output;
  #clock;
  #nowSec;
  #urlOf;
  #onChange;
  #elements = new ElementPair();

  //   output           the SoundOutput
  //   clock, nowSec    room clock and local clock
  //   urlOf(trackId)   where the track's file is
  //   onChange(deck)   called when an element has something to tell
  constructor({ output, clock, nowSec, urlOf, onChange }) {
    this.#output = output;
    this.#clock = clock;
    this.#nowSec = nowSec;
    this.#urlOf = urlOf;
    this.#onChange = onChange;
  }

  // Call it inside a tap.
  unlock() {
    this.#elements.create();
  }

  get hasElements() {
    return this.#elements.exists;
  }

  get newestElement() {
    return this.#elements.newest;
  }

  setVolume(volume) {
    this.#elements.setVolume(volume);
  }

  // joinSec: what leave() of the deck before has returned.
  open(trackId, media, joinSec) {
    if (!media.buffer) return this.#takeAhead(trackId) ?? this.#openElement(trackId);
    const { context, input, clock } = this.#output;
    return new BufferPlayer({
      context,
      destination: input,
      buffer: media.buffer,
      clock: this.#clock,
      outputClock: clock,
      joinSec,
    });
  }

  // Lets an element fetch the beginning of a track.
  openAhead(trackId) {
    if (this.ahead === null) this.ahead = { trackId, deck: this.#openElement(trackId) };
  }

  closeAhead() {
    this.ahead?.deck.close();
    this.ahead = null;
  }

  // The element that was made ready for this track, if it is still fit for it.
  #takeAhead(trackId) {
    const ahead = this.ahead;
    const isFit = ahead?.trackId === trackId && !ahead.deck.isClosed && !ahead.deck.failedReason;
    if (!isFit) this.closeAhead();
    this.ahead = null;
    return isFit ? ahead.deck : null;
  }

  #openElement(trackId) {
    const deck = this.#elements.open({
      url: this.#urlOf(trackId),
      clock: this.#clock,
      nowSec: this.#nowSec,
      onChange: () => this.#onChange(deck),
    });
    return deck;
  }
}
