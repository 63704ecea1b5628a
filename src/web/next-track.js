// Which track comes after the current one.
//
// Pure.

// The id of the entry behind the current one in the room's list (`tracks` of QUEUE), or null: at
// the end of the list, and while no track of the list is current.
export function nextTrackId(tracks, currentId) {
  const at = tracks.findIndex((track) => track.track_id === currentId);
  return at < 0 ? null : (tracks[at + 1]?.track_id ?? null);
}
