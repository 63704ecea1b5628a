// The page over TLS, with a certificate that nobody vouches for and that people have accepted: sound, sync, sharing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertAhead } from './apart.js';
import {
  TRACKS,
  browser,
  choose,
  join,
  lanAddress,
  server,
  startServer,
  useRealParts,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';

const ACCEPTED = { ignoreHTTPSErrors: true };

let folder;
const file = (name) => joinPath(folder, name);

useRealParts();

before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-tls-'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', file('key.pem'), '-out', file('cert.pem')];
  const about = ['-days', '30', '-subj', '/CN=jam', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...about], { stdio: 'ignore' });
});

after(() => rmSync(folder, { recursive: true }));

const startEncrypted = () =>
  startServer({
    host: '0.0.0.0',
    args: ['--share', TRACKS, '--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')],
  });

const socketUrls = (page) => {
  const urls = [];
  page.on('websocket', (socket) => urls.push(socket.url()));
  return urls;
};

describe('an encrypted page', () => {
  test('has sound, in time with a page that came by the plain door', async () => {
    await startEncrypted();
    const host = await browser.open(`https://localhost:${server.port}/jam1`, ACCEPTED);
    const sockets = socketUrls(host);
    const guest = await browser.open(`http://localhost:${server.port}/jam1`);
    await join(host, { name: 'Ana', role: 'host' });
    await join(guest, { name: 'Ben', role: 'viewer' });
    await choose(host, 'prelude60');
    await Promise.all([waitForPhase(host, 'playing'), waitForPhase(guest, 'playing')]);
    await assertAhead(host, guest, 0);
    await waitForText(host, '#sync-text', 'in sync');
    assert.match(sockets[0], /^wss:/);
    await host.click('#share-button');
    const isEncrypted = () => /^https:/.test(document.querySelector('#share-address').value);
    await waitUntil(host, isEncrypted);
  });

  test('is where a plain address of the network leads, and is a secure context there', async (t) => {
    const address = lanAddress();
    if (address === null) return t.skip('this machine has no address but loopback');
    await startEncrypted();
    const page = await browser.open(`http://${address}:${server.port}/jam1`, ACCEPTED);
    assert.equal(page.url(), `https://${address}:${server.port}/jam1`);
    assert.equal(await page.evaluate(() => window.isSecureContext), true);
    await join(page, { name: 'Ana', role: 'host' });
    await choose(page, 'prelude60');
    await waitForPhase(page, 'playing');
    await page.click('#share-button');
    assert.equal(await page.inputValue('#share-address'), page.url());
  });
});
