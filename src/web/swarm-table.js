// The swarm as a table: the same as the picture, for reading, and without anything that moves.
//
// Rows are kept by node and only changed where something changed.

import { byId, el, setText } from './dom.js';
import { orderChildren } from './keyed-list.js';
import { trafficOf } from './swarm-model.js';
import { rowWords } from './swarm-words.js';

export class SwarmTable {
  #body = byId('swarm-rows');
  #rows = new Map();

  render({ nodes, chords }) {
    const rows = new Map();
    for (const node of nodes) {
      const row = this.#rows.get(node.id) ?? createRow();
      const words = rowWords(node, { traffic: trafficOf(node.id, chords) });
      setText(row.name, node.name);
      setText(row.note, words.note);
      setText(row.holds, words.holds);
      for (const column of ['takes', 'gives']) {
        words[column].forEach((text, line) => setText(row[column].children[line], text));
      }
      rows.set(node.id, row);
    }
    this.#rows = rows;
    orderChildren(
      this.#body,
      [...rows.values()].map((row) => row.line),
    );
  }
}

function createRow() {
  const row = {
    name: el('span', { class: 'cell-name' }),
    note: el('span', { class: 'row-sub' }),
    holds: el('td'),
    takes: twoLines(),
    gives: twoLines(),
  };
  const head = el('th', { scope: 'row' }, row.name, row.note);
  row.line = el('tr', {}, head, row.holds, row.takes, row.gives);
  return row;
}

function twoLines() {
  return el('td', {}, el('span'), el('span', { class: 'row-sub' }));
}
