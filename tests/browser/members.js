// People in room jam1: windows that join, the host's menu, and what each of them is.

import { afterEach } from 'node:test';
import { browser, choose, join, server, useRealParts, waitForPhase, waitUntil } from './harness.js';
import { putTrack, wav } from './music.js';
import { startProxy } from './proxy.js';

export const SMALL_PHONE = {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  isMobile: true,
};

/** Where their pictures go. */
export const SHOTS = 'screenshots-rights';

/** For a file of tests with real parts: what is returned starts a line to the server that can be cut. It ends with its test. */
export function useRealLine() {
  useRealParts();
  let line;
  afterEach(() => {
    line?.stop();
    line = undefined;
  });
  return async () => (line = await startProxy(server.port));
}

/** A window that has joined, on the server or on a `url` of its own. */
export async function enter(name, role, { url = server.url, ...options } = {}) {
  const page = await browser.open(`${url}/jam1`, options);
  await page.evaluate(keepWords);
  await join(page, { name, role });
  await page.waitForSelector('#party:not(.is-settling)');
  return page;
}

/** In the page: what is shown or said for a moment is kept, for a busy machine looks at it late. */
function keepWords() {
  window.said = [];
  for (const id of ['notice-text', 'toast-text', 'announcer']) {
    const node = document.getElementById(id);
    new MutationObserver(() => window.said.push(node.textContent)).observe(node, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  }
}

/** Waits until the page has said `text` since it was opened: in a notice, a toast, or to screen readers. */
export const waitUntilSaid = (page, text) =>
  waitUntil(page, (text) => window.said.some((said) => said.includes(text)), text);

export const host = (options) => enter('Ana', 'host', options);
export const guest = (name, options) => enter(name, 'viewer', options);

/** Another window of the same browser as `page`. */
export async function windowBeside(page) {
  const other = await page.context().newPage();
  await other.goto(`${server.url}/jam1`);
  return other;
}

/** A tone that lasts for longer than any test, also on a busy machine. */
export const putTone = (name, hz) => putTrack(server.url, `${name}.wav`, wav({ sec: 150, hz }));

/** The host plays it, and hears it. */
export async function playing(page, name = 'tone') {
  if (name === 'tone') await putTone(name, 440);
  await choose(page, name);
  await waitForPhase(page, 'playing');
}

export const waitForRole = (page, role) =>
  page.waitForSelector(`body[data-role="${role}"][data-connection="open"]`);

export const peerId = (page) => page.evaluate(() => window.jam.socket.peerId);

export const isHidden = (page, selector) => page.waitForSelector(selector, { state: 'hidden' });

export const row = (title) => `#queue > li:has(.row-title:text-is("${title}"))`;

export async function openMenu(page, name) {
  await page.click('#tab-people');
  await page.click(`#members > li:has(.row-title:text-is("${name}")) .menu`);
  await page.waitForSelector('#member-dialog[open]');
}

export async function allow(page, level) {
  await page.click('#tab-people');
  await page.selectOption('#guests-field', level);
  await page.click('#tab-queue');
}

/** Waits until the room has these tracks, by name, as this window knows it. */
export async function waitForQueue(page, titles) {
  await waitUntil(
    page,
    (wanted) => {
      const titles = [...document.querySelectorAll('#queue .row-title')];
      return JSON.stringify(titles.map((title) => title.textContent)) === JSON.stringify(wanted);
    },
    titles,
  );
}
