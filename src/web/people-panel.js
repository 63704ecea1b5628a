// Who is here, who hosts, and how exactly everybody hears the music.
//
// Rows are kept by peer id and only changed where something changed: the list arrives once a second.

import { byId, el, icon, setAttribute, setText, show } from './dom.js';
import { orderChildren } from './keyed-list.js';
import { drawBadge } from './lobby.js';
import { errorWay, memberClock, memberMethod, togetherWords } from './member-words.js';
import { aheadOrBehind } from './number-words.js';
import { IN_SYNC_MS, reportWords } from './words.js';

export class PeoplePanel {
  #list = byId('members');
  #rows = new Map();

  /**
   * `host` has the seat; `canManage`: it is this member, so the others have a menu; `machineWords(peerId)`
   * says what a machine in the list does.
   */
  render({ members, machines, total, host, ownId, canManage, machineWords }) {
    const before = this.#rows;
    this.#rows = new Map();
    const rowOf = (member) => {
      const row = before.get(member.peer_id) ?? createRow(member);
      this.#rows.set(member.peer_id, row);
      return row;
    };
    const people = members.map((member) => {
      const row = rowOf(member);
      const isOwn = member.peer_id === ownId;
      fillRow(row, member, { isOwn, isHost: member.peer_id === host?.peer_id });
      fillMenu(row, member, canManage && !isOwn);
      return row.item;
    });
    this.#order(people);
    const together = togetherWords(members);
    setText(byId('together'), together);
    show(byId('together'), together !== '');
    const things = machines.map((machine) => {
      const row = rowOf(machine);
      fillMachine(row, machine, machineWords(machine.peer_id));
      fillMenu(row, machine, canManage);
      return row.item;
    });
    orderChildren(byId('machines'), things);
    show(byId('machines-part'), things.length > 0);
    setText(byId('people-count'), total > 0 ? String(total) : '');
    const more = Math.max(0, total - members.length);
    setText(byId('members-more'), `and ${more} more`);
    show(byId('members-more'), more > 0);
  }

  /** `onMenu(peerId)`: the dots of a member were pressed. */
  constructor({ onMenu }) {
    byId('panel-people').addEventListener('click', (event) => {
      const menu = event.target.closest('.menu');
      if (menu) onMenu(menu.closest('li').dataset.peerId);
    });
    this.#list.addEventListener('animationend', (event) => event.target.classList.remove('is-new'));
  }

  /** Touches only rows that came, went or moved: putting one in again would play its entrance. */
  #order(items) {
    const seen = this.#list.children.length > 0 && this.#list.checkVisibility?.() === true;
    for (const item of items) if (seen && !item.isConnected) item.classList.add('is-new');
    orderChildren(this.#list, items);
  }
}

function createRow(member) {
  const row = {
    name: el('span', { class: 'row-title' }),
    mark: el('span', { class: 'row-sub' }),
    facts: el('span', { class: 'row-facts' }),
    value: el('span', { class: 'report-value' }),
    way: el('span', { class: 'unseen' }),
    scale: el('span', { class: 'scale', 'aria-hidden': 'true' }, el('i')),
    menu: el('button', { class: 'round menu', type: 'button', hidden: true }, icon('more')),
  };
  setAttribute(row.menu, 'aria-haspopup', 'dialog');
  row.item = el(
    'li',
    { class: 'row member', 'data-peer-id': member.peer_id },
    drawBadge(member),
    el('span', { class: 'row-words' }, row.name, row.mark, row.facts),
    el('span', { class: 'report' }, row.scale, row.value, row.way),
    row.menu,
  );
  return row;
}

function fillMachine(row, { name }, words) {
  setText(row.name, name);
  setText(row.mark, words);
  show(row.scale, false);
}

function fillMenu(row, { name }, hasMenu) {
  setAttribute(row.menu, 'aria-label', `${name}: more`);
  show(row.menu, hasMenu);
}

function fillRow(row, member, { isOwn, isHost }) {
  const { report } = member;
  setText(row.name, member.name);
  const marks = [isHost && 'hosting', isOwn && 'you', memberMethod(report)].filter(Boolean);
  setText(row.mark, marks.join(' · '));
  row.item.classList.toggle('is-host', isHost);
  setText(row.value, reportWords(report));
  setText(row.way, errorWay(report));
  setText(row.facts, memberClock(report));
  const measured = report?.status === 'playing' && Number.isFinite(report.error_ms);
  show(row.scale, measured);
  if (!measured) {
    row.value.removeAttribute('title');
    return;
  }
  row.value.title = aheadOrBehind(report.error_ms);
  row.scale.style.setProperty('--error', scaleShare(report.error_ms));
  row.scale.classList.toggle('is-off', Math.abs(report.error_ms) >= IN_SYNC_MS);
}

/**
 * -1 to 1 for a needle. The root spreads the small errors, where the difference is interesting,
 * and 1 is twice what counts as together.
 */
export function scaleShare(errorMs) {
  const share = Math.min(1, Math.sqrt(Math.abs(errorMs) / (2 * IN_SYNC_MS)));
  return (Math.sign(errorMs) * share).toFixed(3);
}
