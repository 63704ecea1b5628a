// What was recorded, as tables in Markdown.

import { table } from '../table.js';

const HEAD = ['', 'median', '95 %', 'largest', 'goal', 'both sound', 'one alone', 'machine busy'];

export function printRows(rows) {
  console.log('### How far apart two listeners sound, ms\n');
  console.log(table(HEAD, rows.map(skewRow)));
}

// Figures that miss their goal are marked.
export function skewRow({ what, goal = {}, ...row }) {
  if (row.medianMs === undefined) return [what, ...HEAD.slice(1).map(() => '-')];
  const cell = (key) => {
    if (Number.isNaN(row[key])) return '-';
    const figure = row[key].toFixed(row[key] < 10 ? 2 : 1);
    return row[key] <= (goal[key] ?? Infinity) ? figure : `**${figure}**`;
  };
  const goals = ['medianMs', 'p95Ms', 'maxMs'].map((key) => goal[key] ?? '-');
  return [
    what,
    ...['medianMs', 'p95Ms', 'maxMs'].map(cell),
    goals.every((one) => one === '-') ? '' : goals.join(', '),
    `${(row.bothSec - row.unsureSec).toFixed(0)} s`,
    `${row.oneSec.toFixed(1)} s`,
    `${(100 * row.busy).toFixed(0)} %`,
  ];
}

export function printFormats(rows) {
  console.log('### The same song in every format, ms\n');
  const head = [
    '',
    'page late',
    'mpv late',
    'mpv late, sought',
    'page and mpv',
    'page and `<audio>`',
  ];
  console.log(table(head, rows.map(formatRow)));
}

function formatRow({ name, page, mpv, sought, besideListen, besideElement }) {
  const late = (ms) => (Number.isNaN(ms) ? '-' : (Math.round(ms * 1000) / 1000 + 0).toFixed(3));
  const apart = ({ medianMs, p95Ms }) =>
    Number.isNaN(medianMs) ? '-' : `${medianMs.toFixed(2)} (${p95Ms.toFixed(2)})`;
  return [name, ...[page, mpv, sought].map(late), ...[besideListen, besideElement].map(apart)];
}
