// Under which addresses others reach this page, and how to hand one over.
//
// On this very computer the page may be open as localhost, which is useless to anybody else; then
// the server is asked for its addresses. Works without clipboard access: over plain http there is
// none, and the address is selected instead.

/** The addresses are a help; nobody waits long for them. */
const ANSWER_TIMEOUT_MS = 3000;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/** Full addresses of `path`, the best first; never empty. */
export async function addressesOf(path) {
  const own = location.origin + path;
  if (!LOOPBACK.test(location.hostname)) return [own];
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_TIMEOUT_MS);
  try {
    const answer = await fetch('/api/server', { cache: 'no-store', signal: abort.signal });
    const { addresses } = await answer.json();
    const usable = addresses
      .filter((address) => /^https?:\/\//.test(address))
      .slice(0, 8)
      .map((address) => address.replace(/\/+$/, '') + path);
    return usable.length > 0 ? usable : [own];
  } catch {
    return [own];
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Shows the QR code of an address, and nothing at all where it cannot be had. `headers`: they carry a key that
 * belongs into the code, and into no address of a request.
 */
export function showQr(image, address, headers) {
  const source = `/qr.svg?text=${encodeURIComponent(address)}`;
  if (!headers && image.getAttribute('src') === source) return;
  image.hidden = true;
  image.alt = `QR code of ${address}`;
  image.onload = () => {
    image.hidden = false;
  };
  image.onerror = () => {
    image.hidden = true;
  };
  if (headers) showPicture(image, source, headers);
  else image.src = source;
}

async function showPicture(image, source, headers) {
  try {
    const answer = await fetch(source, { headers, cache: 'no-store' });
    if (!answer.ok) return;
    const url = URL.createObjectURL(await answer.blob());
    image.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  } catch {
    // The address is there to be typed.
  }
}

/** Copies the text of a field; false when it could only be selected. Call it inside a click. */
export async function copyField(field) {
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Not a secure context, or not allowed. The old way still works in most of them.
  }
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
}
