// The programs that a recording needs. All of them end with it, however it ends.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// How long a program may take to end when it is asked to.
const GRACE_MS = 5000;
const SAID_CHARS_MAX = 4000;

export class Processes {
  #all = new Set();
  #ends = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'jam-sync-'));
  }

  // Starts a program; `said` of what it returns holds the end of what it wrote.
  start(command, args, options = {}) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const one = { child, said: '', name: command };
    one.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        one.said += error.message;
        this.#all.delete(one);
        resolve(-1);
      });
      child.once('exit', (code) => {
        this.#all.delete(one);
        resolve(code);
      });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data) => (one.said = (one.said + data).slice(-SAID_CHARS_MAX)));
    this.#all.add(one);
    return one;
  }

  async end(one, signal = 'SIGTERM') {
    if (!this.#all.has(one)) return one.ended;
    one.child.kill(signal);
    const timer = setTimeout(() => one.child.kill('SIGKILL'), GRACE_MS);
    const code = await one.ended;
    clearTimeout(timer);
    return code;
  }

  // Something else that has to be closed before the programs are ended; nothing, if it is closed already.
  atEnd(close) {
    this.#ends.unshift(close);
  }

  async endAll() {
    for (const close of this.#ends.splice(0))
      await Promise.resolve()
        .then(close)
        .catch(() => {});
    await Promise.all([...this.#all].reverse().map((one) => this.end(one)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  // For the very last moment, in which nothing can be waited for.
  killAll() {
    for (const { child } of this.#all) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// Resolves with the first line of a program that `pattern` matches.
export async function line(one, pattern, withinMs = 20_000) {
  const found = () => pattern.exec(one.said);
  const deadline = AbortSignal.timeout(withinMs);
  while (!found()) {
    const more = once(one.child.stdout, 'data', { signal: deadline }).catch((error) => {
      throw new Error(`${one.name} did not say ${pattern}: ${one.said}`, { cause: error });
    });
    const ended = one.ended.then((code) => {
      throw new Error(`${one.name} ended with ${code}: ${one.said}`);
    });
    await Promise.race([more, ended]);
  }
  return found();
}

// Runs a short program and returns what it printed.
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 120_000,
    ...options,
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}

export function isInstalled(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}
