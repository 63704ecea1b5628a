// A Chromium that nobody tells to stay awake: what lies behind another window is throttled and may be frozen, as in
// real life. The browser of harness.js takes pains to prevent just that.
//
// It is spoken to over a pipe. Its pages have as much of Playwright's methods as these tests need.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { WATCHDOG_MS } from './harness.js';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];
const POLL_MS = 50;

export async function startBareBrowser() {
  const folder = mkdtempSync(joinPath(tmpdir(), 'jam-browser-'));
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
  // A group of its own, so that all of its processes can be stopped together.
  const child = spawn(program, [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'exit');
  // A group of its own is not ended with the tests, and a stopped one does not end by itself.
  const kill = () => child.exitCode ?? child.signalCode ?? process.kill(-child.pid, 'SIGKILL');
  const stop = () => process.exit(1);
  process.once('exit', kill).once('SIGTERM', stop);
  const call = speak(child.stdio[3], child.stdio[4]);
  const { targetInfos } = await call('Target.getTargets');
  const blank = targetInfos.find(({ type }) => type === 'page').targetId;
  return {
    open: (url) => openPage(call, url),
    /** All pages of jam are in the background until one is brought to the front. */
    hideAll: () => call('Target.activateTarget', { targetId: blank }),
    /** As if the machine slept: nothing of the browser runs until 'SIGCONT'. */
    signal: (name) => process.kill(-child.pid, name),
    close: async () => {
      kill();
      process.removeListener('exit', kill).removeListener('SIGTERM', stop);
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Messages of the DevTools protocol, each ended by a zero byte. */
function speak(to, from) {
  const waiting = new Map();
  let lastId = 0;
  let text = '';
  from.setEncoding('utf8').on('data', (data) => {
    const messages = (text + data).split('\0');
    text = messages.pop();
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      const { resolve, reject, method } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error) reject?.(new Error(`${method}: ${error.message}`));
      else resolve?.(result);
    }
  });
  return (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject, method });
      to.write(`${JSON.stringify({ id: lastId, method, params, sessionId })}\0`);
    });
}

async function openPage(call, url) {
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  await call('Page.enable', {}, sessionId);
  await call('Page.setBypassCSP', { enabled: true }, sessionId);
  await call('Page.navigate', { url }, sessionId);

  /** As if in a click. */
  const evaluate = async (run, argument) => {
    const expression = `(${run})(${JSON.stringify(argument)})`;
    const options = { expression, returnByValue: true, awaitPromise: true, userGesture: true };
    const { result, exceptionDetails } = await call('Runtime.evaluate', options, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'it threw');
    return result.value;
  };
  const waitForFunction = async (holds, argument) => {
    const endMs = performance.now() + WATCHDOG_MS;
    while (!(await evaluate(holds, argument))) {
      if (performance.now() > endMs) throw new Error(`in vain: ${holds}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  await waitForFunction(() => document.querySelector('#lobby:not([hidden])') !== null);
  return {
    evaluate,
    waitForFunction,
    front: () => call('Target.activateTarget', { targetId }),
    /** 'frozen' or 'active'; only what is in the background freezes. */
    setLifecycle: (state) => call('Page.setWebLifecycleState', { state }, sessionId),
    join: (name, role) =>
      evaluate(
        ([name, role]) => {
          const field = document.querySelector('#name-field');
          field.value = name;
          field.dispatchEvent(new InputEvent('input', { bubbles: true }));
          document.querySelector(role === 'host' ? '#host-button' : '#listen-button').click();
        },
        [name, role],
      ),
  };
}
