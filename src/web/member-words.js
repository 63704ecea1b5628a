// What the list of people says about everybody's sound. Pure, like words.js.

import { aheadOrBehind, formatMs, formatPercent } from './number-words.js';
import { methodWords } from './sync-words.js';
import { IN_SYNC_MS } from './words.js';

/** How somebody plays: 'Web Audio', 'mpv', 'Audio element · 62 % here'; '' when that is not known. */
export function memberMethod(report) {
  const { status, method, loaded } = report ?? {};
  // While they load, the number at the end of the row says it.
  const isPart = status !== 'loading' && loaded < 1;
  const parts = [methodWords(method), isPart ? `${formatPercent(loaded)} here` : ''];
  return parts.filter((part) => part !== '').join(' · ');
}

/** How well somebody knows the time: 'clock ± 0.2 ms · round trip 1.3 ms'. */
export function memberClock(report) {
  const { clock_ms: clockMs, rtt_ms: rttMs } = report ?? {};
  const facts = [];
  if (Number.isFinite(clockMs)) facts.push(`clock ± ${formatMs(clockMs)}`);
  if (Number.isFinite(rttMs)) facts.push(`round trip ${formatMs(rttMs)}`);
  return facts.join(' · ');
}

/** 'ahead', 'behind' or '', for who cannot see the needle. */
export function errorWay(report) {
  if (report?.status !== 'playing' || !(Math.abs(report.error_ms) >= 0.05)) return '';
  return report.error_ms < 0 ? 'behind' : 'ahead';
}

/** The party at a glance, in one line; '' while there is nobody to compare. */
export function togetherWords(members) {
  const reports = members.map(({ report }) => report).filter(Boolean);
  const errorsOf = members.filter(({ report }) => isMeasured(report));
  if (reports.length < 2 || errorsOf.length === 0) return '';
  const size = ({ report }) => Math.abs(report.error_ms);
  const worst = errorsOf.reduce((a, b) => (size(b) > size(a) ? b : a));
  const off = errorsOf.filter((member) => size(member) >= IN_SYNC_MS);
  const loading = reports.filter(({ status }) => status === 'loading').length;
  const silent = reports.filter(({ status }) => status === 'blocked' || status === 'failed').length;
  const inSync = errorsOf.length - off.length;
  const parts = [];
  if (inSync > 0) parts.push(`${inSync} in sync`);
  if (off.length === 1) parts.push(`${worst.name} ${aheadOrBehind(worst.report.error_ms)}`);
  if (off.length > 1) parts.push(`${off.length} off by up to ${formatMs(size(worst))}`);
  if (loading > 0) parts.push(`${loading}\u00a0loading`);
  if (silent > 0) parts.push(`${silent}\u00a0without\u00a0sound`);
  if (parts.length > 1 || inSync < 2) return parts.join(', ');
  return `All ${inSync} in sync, to ${formatMs(size(worst))}`;
}

function isMeasured(report) {
  return report?.status === 'playing' && Number.isFinite(report.error_ms);
}
