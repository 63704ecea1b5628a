// One file on its way to the server.
//
// XMLHttpRequest, because `fetch` does not tell how much has been sent.

/**
 * Sends `file` and returns a function that stops it. Of `onDone(entry)` and `onFailed({ status,
 * text })` exactly one is called, none after stopping; status 0 means that no answer came.
 */
export function sendFile({ file, room, key, onProgress, onDone, onFailed }) {
  const request = new XMLHttpRequest();
  let over = false;
  const finish = (tell) => {
    if (over) return;
    over = true;
    tell();
  };
  request.upload.onprogress = (event) => over || onProgress(event.loaded);
  request.onload = () =>
    finish(() => {
      const { status, responseText } = request;
      if (status === 200 || status === 201) onDone(readEntry(responseText));
      else onFailed({ status, text: oneLine(request) });
    });
  request.onerror = () => finish(() => onFailed({ status: 0, text: '' }));
  request.onabort = request.onerror;
  const query = new URLSearchParams({ name: file.name, room });
  request.open('PUT', `/tracks?${query}`);
  request.setRequestHeader('Authorization', `Bearer ${key}`);
  request.send(file);
  return () => {
    over = true;
    request.abort();
  };
}

/** The queue's entry, or null when the server said it in another way. */
function readEntry(text) {
  try {
    const entry = JSON.parse(text);
    return typeof entry?.track_id === 'string' ? entry : null;
  } catch {
    return null;
  }
}

/** A refusal is a line for people; anything else (a proxy's page) is not. */
function oneLine(request) {
  const isText = /^text\/plain/.test(request.getResponseHeader('Content-Type') ?? '');
  const text = request.responseText.trim();
  return isText && text.length <= 200 && !text.includes('\n') ? text : '';
}
