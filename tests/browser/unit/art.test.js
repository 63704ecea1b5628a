// Covers drawn from track ids.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { artPlan, badgeColors } from '../../../src/web/art.js';

const IDS = Array.from({ length: 300 }, (_, index) => `track ${index}`);

test('the same track looks the same everywhere', () => {
  for (const id of IDS.slice(0, 20)) {
    assert.deepEqual(artPlan(id), artPlan(id));
    assert.deepEqual(badgeColors(id), badgeColors(id));
  }
});

test('different tracks look different', () => {
  const looks = new Set(IDS.map((id) => JSON.stringify(artPlan(id))));
  assert.equal(looks.size, IDS.length);
});

test('every plan is small, complete and free of broken numbers', () => {
  for (const id of [...IDS, '', 't1', '\u0000', '音楽']) {
    const { colors, shapes } = artPlan(id);
    assert.equal(colors.length, 5);
    assert.ok(shapes.length >= 4 && shapes.length <= 24, `${id}: ${shapes.length}`);
    assert.doesNotMatch(JSON.stringify(shapes), /NaN|undefined|Infinity|null/);
    for (const [tag, attributes] of shapes) {
      assert.match(tag, /^(rect|circle|ellipse|path)$/);
      assert.ok(attributes.fill, id);
    }
  }
});

test('badge letters read on their ground', () => {
  for (const id of IDS) {
    const [ground, ink] = badgeColors(id);
    assert.ok(contrast(ground, ink) >= 7, `${ground} ${ink}`);
  }
});

function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
