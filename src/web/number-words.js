// How times, durations, shares and sizes are written, for the eye and for the ear. Pure.

/** A decoder leaves out a few samples: 59.99 s are a minute to everybody but a computer. */
const NEARLY_SEC = 0.05;

const THIN_SPACE = '\u202f';

/** '0:41', '12:05', '1:02:03'; '-:--' while the length is not known. */
export function formatTime(sec) {
  if (!Number.isFinite(sec)) return '-:--';
  const whole = Math.max(0, Math.floor(sec + NEARLY_SEC));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = String(whole % 60).padStart(2, '0');
  if (hours === 0) return `${minutes}:${seconds}`;
  return `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

/** The same for the ear: '1 minute 2 seconds'. */
export function spokenTime(sec) {
  if (!Number.isFinite(sec)) return 'unknown';
  const whole = Math.max(0, Math.floor(sec + NEARLY_SEC));
  const parts = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor((whole % 3600) / 60), 'minute'],
    [whole % 60, 'second'],
  ].filter(([count]) => count > 0);
  if (parts.length === 0) return '0 seconds';
  return parts.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** What a slider or a progress line says: '41 seconds of 1 minute'. */
export function positionText(positionSec, durationSec) {
  if (!Number.isFinite(durationSec)) return spokenTime(positionSec);
  return `${spokenTime(positionSec)} of ${spokenTime(durationSec)}`;
}

/** A duration without its sign: '0.6 ms', '38 ms', '1.2 s'. */
export function formatMs(ms) {
  const size = Math.abs(ms);
  if (size < 0.05) return `<${THIN_SPACE}0.1${THIN_SPACE}ms`;
  if (size < 9.95) return `${size.toFixed(1)}${THIN_SPACE}ms`;
  if (size < 999.5) return `${Math.round(size)}${THIN_SPACE}ms`;
  return `${(size / 1000).toFixed(1)}${THIN_SPACE}s`;
}

/** '0.6 ms ahead', '38 ms behind'. */
export function aheadOrBehind(ms) {
  if (Math.abs(ms) < 0.05) return formatMs(ms);
  return `${formatMs(ms)} ${ms < 0 ? 'behind' : 'ahead'}`;
}

export function formatPercent(share) {
  const bounded = Math.min(1, Math.max(0, Number(share) || 0));
  return `${Math.floor(bounded * 100)}${THIN_SPACE}%`;
}

export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return '';
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
