// The colours of the page against what eyes need, read from the stylesheet itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync(new URL('../../../src/web/style.css', import.meta.url), 'utf8');

/** The tokens of the light set, and of the dark one. */
const [light, dark] = css.split('prefers-color-scheme: dark').map((part) => {
  const tokens = part.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g);
  return Object.fromEntries([...tokens].map(([, name, color]) => [name, color]));
});

function luminance(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

for (const [name, set] of Object.entries({ light, dark })) {
  test(`contrast holds in the ${name}`, () => {
    for (const [ink, ground, atLeast] of [
      ['ink', 'paper', 7],
      ['ink', 'raised', 7],
      ['muted', 'paper', 4.5],
      ['muted', 'raised', 4.5],
      ['accent', 'paper', 4.5],
      ['muted', 'sunk', 4.5],
      ['accent', 'sunk', 4.5],
      ['on-accent', 'accent', 4.5],
      ['edge', 'paper', 3],
      ['edge', 'raised', 3],
      ['edge', 'tint', 3],
    ]) {
      const found = contrast(set[ink], set[ground]);
      assert.ok(found >= atLeast, `${ink} on ${ground}: ${found.toFixed(2)}`);
    }
  });
}
