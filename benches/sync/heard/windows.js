// Browser windows, each with a loudspeaker of its own.
//
// A window is a Chromium of its own: where sound goes is decided for a whole process.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nobody looks at these windows, but they stand for windows that somebody looks at.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

// `env` is a listener's environment of the SoundServer. `prepare` runs in the page before anything else.
export async function openWindow(processes, url, env, { prepare } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: false,
    ignoreDefaultArgs: ['--mute-audio'],
    args: FLAGS,
    env,
  });
  processes.atEnd(() => browser.close());
  const context = await browser.newContext();
  const page = await context.newPage();
  if (prepare) await page.addInitScript(prepare);
  await page.goto(url);
  return { page, close: () => browser.close() };
}

// A listener in a room of jam, with sound.
export async function openListener(processes, url, env, name, options) {
  const window = await openWindow(processes, url, env, options);
  await joinRoom(window.page, name);
  return window;
}

export async function joinRoom(page, name) {
  await page.fill('#name-field', name);
  await page.click('#listen-button');
  await page.waitForSelector('body[data-connection="open"]');
}

// Until the page has what it needs for the track that the room names.
export async function hasTrack(page) {
  await page.waitForFunction(() => {
    const { phase, loaded } = window.jam.player.snapshot();
    return loaded === 1 && ['paused', 'ready', 'playing'].includes(phase);
  });
}

// What the page says of its own sound.
export function pageSays(page) {
  return page.evaluate(() => {
    const { counts, corrections, mapping } = window.jam.player.debug();
    const { phase, errorMs, method, outputLatencyMs } = window.jam.player.snapshot();
    return { phase, errorMs, method, outputLatencyMs, counts, corrections, mapping };
  });
}
