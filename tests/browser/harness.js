// A real jam server and real browsers for the page's tests.
//
// Waiting is always on a condition with one watchdog; nothing here sleeps until it is probably done.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const TRACKS = `${ROOT}testdata/tracks`;

/** Whoever waits longer has found a hang; these machines may be slow and busy. */
export const WATCHDOG_MS = 120_000;

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Two windows of one test: neither may be slowed because the other is in front.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/** The browser of a test file and the server of its current test; `useRealParts` and `startServer` set them. */
export let browser;
export let server;

/** For the top of a test file: one browser for all its tests, nothing left of one test for the next. */
export function useRealParts() {
  before(async () => {
    browser = await startBrowser();
  });
  afterEach(async () => {
    await browser.closePages();
    await server?.stop();
    server = undefined;
  });
  after(async () => {
    await browser.close();
    assert.deepEqual(browser.problems, []);
  });
}

/** Starts the server of this test, on `port` if it was there before. */
export async function startServer(options) {
  server = await spawnServer(options);
}

/** A window on room jam1 of the server. */
export function room(options) {
  return browser.open(`${server.url}/jam1`, options);
}

/** Starts `jam server` and waits until it says where it listens. */
async function spawnServer({ port = 0, host = '127.0.0.1', args = ['--share', TRACKS] } = {}) {
  const jam = process.env.JAM ?? `${process.env.CARGO_TARGET_DIR ?? `${ROOT}target`}/debug/jam`;
  const listen = ['server', '--listen', `${host}:${port}`];
  const child = spawn(jam, [...listen, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (data) => (log += data));
  const actualPort = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const found = /http:\/\/[^/]*:(\d+)\//.exec(text);
      if (found) resolve(Number(found[1]));
    });
    ended.then(([code]) => reject(new Error(`jam ended with ${code}: ${log}`)));
  });
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    const [code] = await ended;
    return code;
  };
  return { port: actualPort, url: `http://localhost:${actualPort}`, stop, log: () => log };
}

/** A browser with one listener's window each time `open` is called; each has its own storage. */
async function startBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: CHROMIUM_FLAGS,
  });
  const problems = [];
  const contexts = [];
  const open = async (url, options = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(WATCHDOG_MS);
    page.on('pageerror', (error) => problems.push(`${url}: ${error.stack}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !isExpected(message.text())) {
        problems.push(`${url}: ${message.text()}`);
      }
    });
    await page.goto(url);
    return page;
  };
  /** Pages that are left open would go on looking for their stopped server. */
  const closePages = async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  };
  return { open, problems, closePages, close: () => browser.close() };
}

/** What Chromium itself writes when a server is away, or a track is not there: tests do both on purpose. */
function isExpected(text) {
  return /ERR_CONNECTION_REFUSED|WebSocket connection|status of (403|404|413|415|429|503|507)|ERR_NETWORK|ERR_EMPTY|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED|ERR_CONTENT_LENGTH/.test(
    text,
  );
}

/** Types a name and joins; waits until the server has answered. */
export async function join(page, { name, role }) {
  await page.fill('#name-field', name);
  await page.click(role === 'host' ? '#host-button' : '#listen-button');
  await page.waitForSelector('body[data-connection="open"]');
}

export async function waitForPhase(page, phase) {
  await page.waitForSelector(`body[data-phase="${phase}"]`);
}

/** After a reload: where the browser wants a tap before it makes a sound, there is one place for it. */
export async function tapIfAsked(page) {
  await page.waitForSelector('body[data-connection="open"]');
  const decided = ['playing', 'blocked', 'paused', 'ready', 'ended'];
  await waitUntil(page, (decided) => decided.includes(document.body.dataset.phase), decided);
  if (await page.isVisible('#hear-button')) await page.click('#hear-button');
}

/** Waits until `predicate(argument)` holds in the page. */
export async function waitUntil(page, predicate, argument) {
  await page.waitForFunction(predicate, argument, { timeout: WATCHDOG_MS, polling: 50 });
}

/** Waits until the element's text contains `text`. */
export async function waitForText(page, selector, text) {
  await waitUntil(
    page,
    ([selector, text]) => document.querySelector(selector)?.textContent.includes(text),
    [selector, text],
  );
}

/** The host picks a track by its name in the list. */
export async function choose(page, name) {
  await page.click(`#queue .pick:has-text("${name}")`);
}

/** A non-loopback address of this machine, or null: a page there is not a secure context. */
export function lanAddress() {
  const all = Object.values(networkInterfaces()).flat();
  return all.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? null;
}

/** A picture of the page under target, for people to look at. */
export async function screenshot(page, name, into = 'screenshots') {
  const folder = `${ROOT}target/${into}`;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

/** Nothing sticks out sideways, and what can be touched is large enough to hit. */
export async function assertFits(page) {
  const { overflow, small } = await page.evaluate(() => {
    const visible = (element) => element.checkVisibility({ visibilityProperty: true });
    const targets = [...document.querySelectorAll('button, select, input')].filter(visible);
    const inDrawer = (element) => element.closest('#drawer') !== null;
    // In a crowd of nodes the nearest to the thumb is meant, not the one under it.
    const inCrowd = (element) => element.matches('.swarm-stage:not([data-mode="named"]) *');
    const isTextLink = (element) => element.classList.contains('link');
    return {
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      small: targets
        .filter((element) => !inDrawer(element) && !isTextLink(element) && !inCrowd(element))
        .filter((element) => element.getBoundingClientRect().height < 43.5)
        .map((element) => element.id || element.textContent.trim()),
    };
  });
  assert.ok(overflow <= 0, `sticks out by ${overflow} px`);
  assert.deepEqual(small, []);
}

/** Every control has a name that a screen reader can say. */
export async function assertNamed(page) {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, textarea, a[href]')]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const label = element.labels?.[0]?.textContent ?? '';
        const name = element.getAttribute('aria-label') ?? '';
        return (label + name + element.textContent).trim() === '';
      })
      .map((element) => element.outerHTML),
  );
  assert.deepEqual(nameless, []);
}
