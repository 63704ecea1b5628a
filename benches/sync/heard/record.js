// Records the chosen parts, one after another, and prints what came of it.

import { existsSync, mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { Music } from './party.js';
import { PARTS } from './parts.js';
import { Processes, isInstalled } from './processes.js';
import { proveOnSamples, proveOnSound } from './proof.js';
import { printFormats, printRows, skewRow } from './report.js';

const NEEDED = ['pulseaudio', 'pactl', 'parec', 'paplay', 'mpv', 'ffmpeg'];
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// The five pieces of an evening; see parts.js.
const UNIT_SEC = 60;
const SHORT_UNIT_SEC = 8;
// The first track is sought in and the second one heard to its end.
const TRACKS = (unitSec) => [
  { name: 'first', seconds: 4 * unitSec + 30, seed: 1 },
  { name: 'second', seconds: 2 * unitSec + 30, seed: 2 },
];

// Returns the exit code of the program.
export async function record(parts, { jam, short, keep }) {
  const missing = NEEDED.filter((program) => !isInstalled(program));
  if (!existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium')) missing.push('chromium');
  if (!existsSync(jam)) missing.push(jam);
  if (missing.length > 0) {
    tell(`not installed: ${missing.join(', ')} (benches/sync/setup.sh)`);
    return 1;
  }
  if (keep) mkdirSync(keep, { recursive: true });
  for (const signal of ENDING_SIGNALS) process.once(signal, () => callOff(signal));
  try {
    await withProcesses(prove);
    const unitSec = short ? SHORT_UNIT_SEC : UNIT_SEC;
    return await withProcesses(async ({ folder }) => {
      const music = new Music(folder, TRACKS(unitSec));
      return recordAll(parts, { jam, music, files: music.files, unitSec, keep });
    });
  } catch (error) {
    tell(error.stack);
    return 1;
  }
}

function callOff(signal) {
  tell(`called off by ${signal}; nothing is left`);
  process.exit(130);
}

// Nothing that `act` starts is left when this is done.
async function withProcesses(act) {
  const processes = new Processes();
  const killAll = () => processes.killAll();
  process.once('exit', killAll);
  try {
    return await act(processes);
  } finally {
    await processes.endAll();
    process.off('exit', killAll);
  }
}

async function prove(processes) {
  const worst = (errors) => Math.max(...errors).toFixed(4);
  const onSamples = proveOnSamples();
  const onSound = await proveOnSound(processes);
  console.log(
    `The rig finds known shifts to within ${worst(onSamples)} ms in made-up sound with noise, and to within ` +
      `${worst(onSound)} ms in sound that was played and recorded.\n`,
  );
}

async function recordAll(parts, bench) {
  const all = { rows: [], formats: [] };
  let failures = 0;
  for (const part of parts) {
    tell(`${part}, load ${loadavg()[0].toFixed(1)}`);
    // One part that fails does not take the others with it.
    try {
      const { rows, formats = [] } = await withProcesses((processes) =>
        PARTS[part]({ ...bench, processes }),
      );
      all.rows.push(...rows);
      all.formats.push(...formats);
      for (const row of rows) tell(skewRow(row).join(' | '));
    } catch (error) {
      tell(`${part} failed: ${error.stack}`);
      all.rows.push({ what: `${part}: failed` });
      failures += 1;
    }
  }
  if (all.rows.length > 0) printRows(all.rows);
  if (all.formats.length > 0) printFormats(all.formats);
  return failures > 0 ? 1 : 0;
}

function tell(text) {
  process.stderr.write(`bench-sync: ${text}\n`);
}
