// Which loudspeaker the sound goes to, where the browser tells.
//
// Most tell nothing until a page was allowed to use a microphone; then all of them are one, without a
// name.

const NAME_CHARS_MAX = 100;

/** A name that stays the same from visit to visit; '' when it is not known. `devices`: navigator.mediaDevices. */
export async function outputName(devices) {
  try {
    const all = await devices.enumerateDevices();
    const outputs = all.filter(({ kind }) => kind === 'audiooutput');
    const used = outputs.find(({ deviceId }) => deviceId === 'default') ?? outputs[0];
    // The entry for the default has the name of the device behind it, and words around it.
    const device = outputs.find((other) => other !== used && other.groupId === used.groupId);
    const isTold = used.deviceId === 'default' || outputs.length === 1;
    return isTold ? (device ?? used).label.slice(0, NAME_CHARS_MAX) : '';
  } catch {
    return '';
  }
}
