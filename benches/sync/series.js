// Minutes of clock probes on made-up networks, with the truth beside them.
//
// Pure, and the same for the same seed: the files in testdata/clock and the table of `make
// bench-sync` both come from here. Times inside are true seconds since the beginning; what a
// listener sees of them are whole microseconds.
//
// Invariant: the server's clock is right but for its own steps. A listener's clock runs at a rate
// of its own, wanders, rounds, and may stand still.

import { seeded } from '../../tests/browser/unit/random.js';

// When a series begins, on the two clocks.
export const LOCAL_ZERO_SEC = 5120;
export const ROOM_ZERO_SEC = 1_762_569_219;

const SERIES_SEC = 240; // awake
const JOIN_PROBES = 16;
const BURST_PROBES = 4;
const PROBE_GAP_SEC = 0.02;
const BURST_GAP_SEC = 2;
// After a burst, room time is asked for at these moments; 2 s later the next burst begins.
const ASK_AFTER_SEC = [0.01, 0.5, 1, 1.5, 1.99];
// A crystal wanders with the temperature, by half a millionth within some minutes.
const WANDER_PPM = 0.5;

// Each kind of series: `delay` gives [there, back] in seconds, with what is in the way at `atSec`.
//   rate       how much faster the listener's clock runs than the server's
//   tickSec    what the listener's clock is rounded down to
//   sleeps     { atSec, forSec, counted }: the machine sleeps; does its clock count that?
//   withinMs   how far off room time may be, in the first 10 s of a connection and later: what the
//              worst of sixty seeds needs, rounded up
//   steps      { atSec, bySec, reconnects }: the server's clock steps, with a new connection or not
export const KINDS = {
  wired: { about: 'a cable and a quiet switch', delay: wired, ratePpm: 8, withinMs: [0.1, 0.05] },
  wifi: { about: 'Wi-Fi that is nearly idle', delay: wifi, ratePpm: -12, withinMs: [0.6, 0.3] },
  'busy-wifi': {
    about: 'Wi-Fi with somebody else at it: queues that fill for seconds, mostly in one direction',
    delay: busyWifi,
    ratePpm: 15,
    withinMs: [20, 1.5],
  },
  'drift-plus-50-ppm': {
    about: 'Wi-Fi, and a clock 50 ppm fast',
    delay: wifi,
    ratePpm: 50,
    withinMs: [0.6, 0.7],
  },
  'drift-minus-50-ppm': {
    about: 'Wi-Fi, and a clock 50 ppm slow',
    delay: wifi,
    ratePpm: -50,
    withinMs: [0.8, 0.6],
  },
  'tick-1-ms': {
    about: 'a cable, and a clock that is rounded down to 1 ms',
    delay: wired,
    ratePpm: 8,
    tickSec: 0.001,
    withinMs: [0.2, 0.2],
  },
  asymmetric: {
    about: 'a path that is 5 ms longer there than back, of which half can be seen by nobody',
    delay: asymmetric,
    ratePpm: -12,
    withinMs: [3, 2.8],
  },
  sleep: {
    about: 'Wi-Fi; the machine sleeps twice, its clock first stands still and then counts on',
    delay: wifi,
    ratePpm: 20,
    withinMs: [0.6, 0.4],
    sleeps: [
      { atSec: 80.3, forSec: 1500, counted: false },
      { atSec: 1660.7, forSec: 1500, counted: true },
    ],
  },
  step: {
    about: 'a cable; the room steps by 0.3 s (a new server), then by -20 ms and 5 s (the same)',
    delay: wired,
    ratePpm: 8,
    withinMs: [0.1, 0.05],
    steps: [
      { atSec: 60.4, bySec: 0.3, reconnects: true },
      { atSec: 120.9, bySec: -0.02, reconnects: false },
      { atSec: 180.2, bySec: 5, reconnects: false },
    ],
  },
};

// One series: bursts of [t0, t1, t2, t3], local and room microseconds since the two zeros, and after
// each burst moments to ask for, as [local, room]. `sinceSec` is how old the connection is, or what
// the room's clock has kept to.
export function makeSeries(kind, seed) {
  const world = new World(KINDS[kind], seed);
  const bursts = [];
  while (world.awakeSec < SERIES_SEC) bursts.push(world.burst());
  return { kind, seed, bursts };
}

// Feeds `clock` with a series and calls visit(errorMs, burst, ask) for each moment that is asked for.
// A `clock` has addProbe, endBurst and roomAt, as the page's RoomClock.
export function live(clock, series, visit) {
  for (const burst of series.bursts) {
    for (const probe of burst.probes) clock.addProbe(inSeconds(probe));
    clock.endBurst();
    for (const ask of burst.asks) {
      const [localSec, roomSec] = [LOCAL_ZERO_SEC + ask[0] / 1e6, ROOM_ZERO_SEC + ask[1] / 1e6];
      visit((clock.roomAt(localSec) - roomSec) * 1000, burst, ask);
    }
  }
}

// A probe as the clocks take it.
export function inSeconds([t0, t1, t2, t3]) {
  return {
    t0: LOCAL_ZERO_SEC + t0 / 1e6,
    t1: ROOM_ZERO_SEC + t1 / 1e6,
    t2: ROOM_ZERO_SEC + t2 / 1e6,
    t3: LOCAL_ZERO_SEC + t3 / 1e6,
  };
}

class World {
  #kind;
  #random;
  #queues = { there: { untilSec: 0, sec: 0 }, back: { untilSec: 0, sec: 0 } };
  #wander;
  #nowSec = 0.25;
  #sleptSec = 0;
  #joins = true;
  #sinceSec = 0.25;
  #sleeps;
  #steps;

  constructor(kind, seed) {
    this.#kind = kind;
    this.#random = seeded(seed);
    this.#sleeps = [...(kind.sleeps ?? [])];
    this.#steps = [...(kind.steps ?? [])];
    const periodSec = this.#random.between(200, 600);
    const phase = this.#random.between(0, 2 * Math.PI);
    const sizeSec = (WANDER_PPM * 1e-6 * periodSec) / (2 * Math.PI);
    this.#wander = (sec) => sizeSec * Math.sin((2 * Math.PI * sec) / periodSec + phase);
  }

  get awakeSec() {
    return this.#nowSec - this.#sleptSec;
  }

  burst() {
    this.#happen();
    const joins = this.#joins;
    const probes = [];
    for (let left = joins ? JOIN_PROBES : BURST_PROBES; left > 0; left -= 1) {
      probes.push(this.#probe());
      this.#nowSec += PROBE_GAP_SEC;
    }
    this.#joins = false;
    const endSec = this.#nowSec - PROBE_GAP_SEC;
    const asks = ASK_AFTER_SEC.map((afterSec) => this.#ask(endSec + afterSec));
    const sinceSec = Math.round((endSec - this.#sinceSec) * 1e3) / 1e3;
    this.#nowSec = endSec + BURST_GAP_SEC;
    return { joins, sinceSec, probes, asks };
  }

  // What was to happen until now happens before the next burst: nobody asks for the time meanwhile.
  #happen() {
    if (this.#sleeps[0]?.atSec <= this.#nowSec) {
      const { forSec } = this.#sleeps.shift();
      this.#nowSec += forSec + 1;
      this.#sleptSec += forSec;
      this.#rejoin();
    }
    if (this.#steps[0]?.atSec <= this.#nowSec) {
      if (this.#steps.shift().reconnects) this.#rejoin();
      else this.#sinceSec = this.#nowSec;
    }
  }

  #rejoin() {
    this.#joins = true;
    this.#sinceSec = this.#nowSec;
  }

  #probe() {
    const { delay } = this.#kind;
    const [thereSec, backSec] = delay(this.#random, this.#queues, this.#nowSec);
    const arrivedSec = this.#nowSec + thereSec;
    const answeredSec = arrivedSec + 0.00002 + this.#random.exponential(0.00001);
    const sentSec = this.#nowSec;
    this.#nowSec = answeredSec + backSec;
    return [
      this.#local(sentSec),
      this.#room(arrivedSec),
      this.#room(answeredSec),
      this.#local(this.#nowSec),
    ];
  }

  // A rounded clock shows the same for a whole tick; what it is asked about is the middle of it.
  #ask(atSec) {
    const { tickSec } = this.#kind;
    if (!tickSec) return [this.#local(atSec), this.#room(atSec)];
    const shown = this.#local(atSec);
    const lateSec = this.#exactLocalSec(atSec) - shown / 1e6;
    return [shown, this.#room(atSec - lateSec + tickSec / 2)];
  }

  #exactLocalSec(atSec) {
    const past = (this.#kind.sleeps ?? []).filter((sleep) => !this.#sleeps.includes(sleep));
    const uncounted = past.filter((sleep) => !sleep.counted);
    const stoodSec = uncounted.reduce((sum, sleep) => sum + sleep.forSec, 0);
    return atSec * (1 + this.#kind.ratePpm * 1e-6) + this.#wander(atSec) - stoodSec;
  }

  #local(atSec) {
    const tickSec = this.#kind.tickSec ?? 1e-6;
    const ticks = this.#exactLocalSec(atSec) / tickSec;
    const whole = this.#kind.tickSec ? Math.floor(ticks) : Math.round(ticks);
    return Math.round(whole * tickSec * 1e6);
  }

  #room(atSec) {
    const past = (this.#kind.steps ?? []).filter((step) => !this.#steps.includes(step));
    const steppedSec = past.reduce((sum, step) => sum + step.bySec, 0);
    return Math.round((atSec + steppedSec) * 1e6);
  }
}

function wired(r) {
  const once = () => 0.0002 + r.exponential(0.00005) + (r.chance(0.01) ? r.exponential(0.001) : 0);
  return [once(), once()];
}

// Waiting for the air takes a ms or two; now and then a radio dozes.
function wifi(r) {
  const once = () => 0.0012 + r.exponential(0.0015) + (r.chance(0.02) ? r.between(0.01, 0.03) : 0);
  return [once(), once()];
}

// Somebody's download fills the queue to the listener for some seconds, an upload the other one. One
// answer in a hundred is lost and comes a fifth of a second later.
function busyWifi(r, queues, atSec) {
  const once = (queue, share) => {
    if (atSec >= queue.untilSec) {
      const full = queue.sec === 0 && r.chance(share);
      queue.sec = full ? r.between(0.01, 0.08) : 0;
      queue.untilSec = atSec + r.between(1, 8);
    }
    const queuedSec = queue.sec * r.between(0.3, 1);
    const lostSec = r.chance(0.01) ? r.between(0.2, 0.4) : 0;
    return 0.0012 + r.exponential(0.003) + queuedSec + lostSec;
  };
  return [once(queues.there, 0.4), once(queues.back, 0.8)];
}

function asymmetric(r) {
  return [0.006 + r.exponential(0.002), 0.001 + r.exponential(0.001)];
}
