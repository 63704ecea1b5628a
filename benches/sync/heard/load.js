// How busy the machine was meanwhile: a recording on a machine that does other things says less.

import { readFileSync } from 'node:fs';

// Begins to count; busy() is the share of all processor time that somebody used since.
export function countLoad() {
  const began = ticks();
  return {
    busy: () => {
      const now = ticks();
      return 1 - (now.idle - began.idle) / Math.max(1, now.all - began.all);
    },
  };
}

function ticks() {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/ +/);
  const counts = fields.slice(0, 8).map(Number);
  return { all: counts.reduce((sum, count) => sum + count, 0), idle: counts[3] + counts[4] };
}
