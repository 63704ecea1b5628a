// What the page says about the swarm: its headline, a node's sentences, and the cells of the table. Pure.

import { formatBytes, formatPercent } from './number-words.js';

/** '9 nodes, 3 seeds; 64 % held; 11 MB/s in all'. `totals` as swarm-model.js makes it. */
export function headlineWords({ count, seeds, share, rate, tracks }) {
  if (count === 0) return 'No swarm yet.';
  if (count > 1 && seeds === count) {
    return `All ${count} nodes have ${tracks > 1 ? 'their whole tracks' : 'the whole track'}.`;
  }
  if (count === 1) return seeds === 1 ? 'One node, with the whole track' : 'One node so far';
  return [
    `${count} nodes, ${seeds === 0 ? 'no seed' : plural(seeds, 'seed')}`,
    share === null ? null : `${formatPercent(share)} held`,
    rate > 0 ? `${formatRate(rate)} in all` : 'nothing moves right now',
  ]
    .filter(Boolean)
    .join('; ');
}

/**
 * What one node holds, gives and takes. `traffic` as swarm-model.js makes it; `nameOf(id)` is null for who has left;
 * `title` names the track where a swarm has several; `listeners` hear the music from the server.
 */
export function nodeWords(node, { traffic, nameOf, title = null, listeners = 0, alone = false }) {
  const said = [`${node.name} ${holdsWords(node, title)}.`, trafficWords(node, traffic, nameOf)];
  if (alone && node.isFull) said.push('It waits for somebody to give it to.');
  if (node.isServer && listeners > 0) {
    said.push(`It plays to ${plural(listeners, 'listener')} besides.`);
  }
  if (node.dialable === false) said.push('Cannot be dialled; it dials the others.');
  const missed = node.unreachable.map(nameOf).filter((name) => name !== null);
  if (missed.length > 0) said.push(`It could not reach ${someNames(missed)}.`);
  return said.filter((sentence) => sentence !== '').join(' ');
}

function holdsWords({ share, isFull }, title) {
  const track = title === null ? 'the track' : title;
  if (isFull) return title === null ? 'has the whole track' : `has all of ${title}`;
  if (share === null) return 'has not said what it holds';
  if (share === 0) return `has nothing of ${track} yet`;
  return title === null ? `has ${formatPercent(share)}` : `has ${formatPercent(share)} of ${title}`;
}

function trafficWords({ isFull }, { takes, takesFrom, gives, givesTo }, nameOf) {
  const parts = [];
  if (takes > 0) {
    parts.push(`takes ${formatRate(takes)} from ${someNames(takesFrom.map(named(nameOf)))}`);
  }
  if (gives > 0) {
    const to = givesTo.length === 1 ? someNames(givesTo.map(named(nameOf))) : givesTo.length;
    parts.push(`gives ${formatRate(gives)} to ${to}`);
  }
  if (parts.length === 0) return isFull ? '' : 'Takes nothing right now.';
  const text = parts.join(', ');
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function named(nameOf) {
  return (id) => nameOf(id) ?? 'somebody who has left';
}

/** 'Ben', 'Ben and Cleo', 'Ben and 2 others'. */
function someNames(names) {
  if (names.length < 3) return names.map(inSentence).join(' and ');
  return `${inSentence(names[0])} and ${names.length - 1} others`;
}

function inSentence(name) {
  return name === 'The server' ? 'the server' : name;
}

/** For the button that a node is: 'Ana's laptop, 53 %'. */
export function nodeLabel({ name, share, isFull, dialable }) {
  const held = isFull ? 'has the whole track' : share === null ? null : formatPercent(share);
  return [name, held, dialable === false ? 'cannot be dialled' : null].filter(Boolean).join(', ');
}

/** The cells of a row of the table; those of takes and gives have a second line. */
export function rowWords(node, { traffic }) {
  const { takes, takesFrom, gives, givesTo } = traffic;
  return {
    holds: node.isFull ? 'all' : node.share === null ? 'not known' : formatPercent(node.share),
    takes: takes > 0 ? [formatRate(takes), `from ${takesFrom.length}`] : ['–', ''],
    gives: gives > 0 ? [formatRate(gives), `to ${givesTo.length}`] : ['–', ''],
    note: node.dialable === false ? 'cannot be dialled' : '',
  };
}

/** A machine's line in the list of people; null when the swarm does not know it. */
export function machineWords(node) {
  if (node == null) return 'moves chunks';
  if (node.isFull) return 'seeding';
  return node.share === null ? 'joining the swarm' : `has ${formatPercent(node.share)}`;
}

/** What somebody types on a laptop to start a swarm here; `address` is this room's. */
export function seedCommand(address) {
  const { protocol, host, pathname } = new URL(address);
  const scheme = protocol === 'https:' ? 'wss' : 'ws';
  return `jam seed song.mp3 --room ${scheme}://${host}/ws${pathname}`;
}

/** '1.2 MB/s', in one piece. */
export function formatRate(bytesPerSec) {
  return `${formatBytes(bytesPerSec).replace(' ', '\u00a0')}/s`;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
