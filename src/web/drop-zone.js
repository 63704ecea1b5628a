// Files that are dropped anywhere on the page, or picked with a button.
//
// Every drop of files ends here, also one that is not allowed: otherwise the browser would leave
// the party to show the file. Knows nothing about uploads.

import { byId, setText, show } from './dom.js';

const MUSIC_NAME = /\.(wav|wave|flac|mp3|ogg|oga|opus|aac|m4a|mp4|weba|webm)$/i;

/** A folder that is deeper or fuller than that was dropped by mistake. */
const DEPTH_MAX = 8;
const FILES_MAX = 1000;

/** Of what a folder holds, what may be music; pictures and lists lie around in every album. */
export function looksLikeMusic({ name, type }) {
  return MUSIC_NAME.test(name) || type.startsWith('audio/');
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** `words()` is asked when files hover over the page; `onFiles(files)` gets them in order. */
export function wireDropZone({ isActive, words, onFiles }) {
  const veil = byId('drop-veil');
  let depth = 0;
  const hide = () => {
    depth = 0;
    show(veil, false);
  };
  // A picture of the page itself that is dragged counts as a file, too.
  let isOwn = false;
  addEventListener('dragstart', () => (isOwn = true));
  addEventListener('dragend', () => (isOwn = false));
  const guard = (event, act) => {
    if (isOwn || !isActive() || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    act(event);
  };
  addEventListener('dragenter', (event) =>
    guard(event, () => {
      depth += 1;
      setText(byId('drop-words'), words());
      show(veil, true);
    }),
  );
  addEventListener('dragover', (event) =>
    guard(event, () => {
      event.dataTransfer.dropEffect = 'copy';
    }),
  );
  addEventListener('dragleave', (event) =>
    guard(event, () => {
      depth -= 1;
      if (depth <= 0) hide();
    }),
  );
  addEventListener('drop', (event) =>
    guard(event, async () => {
      hide();
      const files = await droppedFiles(event.dataTransfer);
      if (files.length > 0) onFiles(files);
    }),
  );
  wireField(onFiles);
}

function wireField(onFiles) {
  const field = byId('upload-field');
  for (const id of ['add-button', 'stage-add', 'dock-add']) {
    byId(id).addEventListener('click', () => field.click());
  }
  field.addEventListener('change', () => {
    const files = [...field.files];
    // The same file picked again is a wish, too.
    field.value = '';
    if (files.length > 0) onFiles(files);
  });
}

/** Files as they were dropped, a folder replaced by the music in it. */
async function droppedFiles(transfer) {
  // Only in this turn; after the first `await` the list is empty.
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, 0, found);
  return found.slice(0, FILES_MAX);
}

async function collect(entry, depth, found) {
  if (found.length >= FILES_MAX || depth > DEPTH_MAX) return;
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      if (depth === 0 || looksLikeMusic(file)) found.push(file);
      return;
    }
    for (const child of await readFolder(entry)) await collect(child, depth + 1, found);
  } catch {
    // A file that cannot be read is not there.
  }
}

/** A reader gives some entries at a time, and none at the end. */
async function readFolder(entry) {
  const reader = entry.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all.sort((a, b) => byName.compare(a.name, b.name));
    all.push(...some);
  }
}
