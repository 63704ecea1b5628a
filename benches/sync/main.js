// Measures being in time: how well room time is known (clocks.js), and how far apart listeners sound
// (heard/). Prints tables in Markdown.

import { parseArgs } from 'node:util';
import { printClocks } from './clocks.js';

const HEARD = ['pages', 'slow', 'naive', 'listen', 'rough', 'drift', 'formats'];
const HELP = `Measures how far off room time is, and how far apart listeners sound. Options:
  --only PART    only this part, may be repeated: clock, ${HEARD.join(', ')}
  --quick        a few seconds: the clock alone, with 5 series of each kind
  --short        recordings of seconds instead of minutes, to try them out
  --seeds N      series of each kind for the clock (100)
  --jam PATH     the program (target/release/jam)
  --keep FOLDER  write there where every listener was, window by window
`;

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean' },
      short: { type: 'boolean' },
      seeds: { type: 'string' },
      jam: { type: 'string', default: 'target/release/jam' },
      keep: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const seedCount = Number(values.seeds ?? (values.quick ? 5 : 100));
  const parts = ['clock', ...HEARD];
  const isWrong =
    !Number.isInteger(seedCount) ||
    seedCount < 1 ||
    values.only.some((one) => !parts.includes(one));
  if (values.help || isWrong) {
    process.stdout.write(HELP);
    process.exit(values.help ? 0 : 2);
  }
  const every = values.quick ? ['clock'] : parts;
  const wanted = values.only.length > 0 ? parts.filter((one) => values.only.includes(one)) : every;
  return { ...values, seedCount, wanted };
}

const chosen = options();
if (chosen.wanted.includes('clock')) printClocks(chosen.seedCount);
const heard = chosen.wanted.filter((part) => part !== 'clock');
if (heard.length > 0) {
  // What records needs a browser; the rest does not.
  const { record } = await import('./heard/record.js');
  process.exitCode = await record(heard, chosen);
}
