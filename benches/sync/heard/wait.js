// Waiting: for a condition, with a limit, and for a moment.

const POLL_MS = 50;
const WITHIN_MS = 30_000;

export function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

// Until `holds()`, which may be asynchronous, gives something true; returns that.
export async function until(what, holds, withinMs = WITHIN_MS) {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await holds();
    if (answer) return answer;
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_MS / 1000);
  }
}
