//! The queue alone, beside a plain list: its order, that no track is there twice, and its bounds in entries and
//! in bytes.

use crate::common::random;

use jam::limits::{QUEUE_BYTES_MAX, QUEUE_TRACKS_MAX};
use jam::room::message::QueueTrack;
use jam::room::queue::{Queue, QueueFull};
use jam::track::id::TrackId;
use random::{Random, for_each_seed};

fn id(number: usize) -> TrackId {
    TrackId::from_hash(blake3::hash(&number.to_le_bytes()))
}

fn track(number: usize) -> QueueTrack {
    QueueTrack {
        track_id: id(number),
        name: format!("{number}.mp3"),
        bytes: 1,
        content_type: "audio/mpeg",
        duration_sec: None,
        title: None,
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited: false,
    }
}

/// A track with so many bytes as JSON.
fn track_of_bytes(number: usize, bytes: usize) -> QueueTrack {
    let mut track = track(number);
    track.name = String::new();
    track.name = "n".repeat(bytes - json_bytes(&track));
    track
}

fn json_bytes(track: &QueueTrack) -> usize {
    serde_json::to_string(track).expect("JSON").len()
}

fn queue_of(count: usize) -> Queue {
    Queue::new((0..count).map(track))
}

fn ids(queue: &Queue) -> Vec<TrackId> {
    let tracks = queue.tracks();
    tracks.iter().map(|track| track.track_id).collect()
}

/// What is true of every queue, whatever was done to it.
fn check(queue: &Queue) {
    let tracks = queue.tracks();
    let bytes: usize = tracks.iter().map(json_bytes).sum();
    assert_eq!(queue.bytes(), bytes);
    assert!(tracks.len() <= QUEUE_TRACKS_MAX && bytes <= QUEUE_BYTES_MAX);
    assert_eq!(queue.is_empty(), tracks.is_empty());
    for (place, track) in tracks.iter().enumerate() {
        let before = &tracks[..place];
        assert!(before.iter().all(|other| other.track_id != track.track_id));
    }
}

// ---- every way to move ---------------------------------------------------------------------------

#[test]
fn a_moved_track_stands_before_the_one_named_and_the_others_keep_their_order() {
    for count in 0..=5 {
        // One more than there are stands for a track that has gone.
        for from in 0..=count {
            for before in (0..=count).map(Some).chain([None]) {
                let mut queue = queue_of(count);
                let moved = queue.move_before(id(from), before.map(id));
                let mut expected: Vec<usize> = (0..count).collect();
                if from < count && before != Some(from) {
                    expected.retain(|&number| number != from);
                    let place = expected.iter().position(|&number| Some(number) == before);
                    expected.insert(place.unwrap_or(expected.len()), from);
                }
                let case = format!("{from} before {before:?} of {count}");
                let is_new = !expected.is_sorted();
                assert_eq!(moved, (from < count).then_some(is_new), "{case}");
                let expected: Vec<TrackId> = expected.into_iter().map(id).collect();
                assert_eq!(ids(&queue), expected, "{case}");
                check(&queue);
            }
        }
    }
}

#[test]
fn an_added_track_stands_before_the_one_named_or_at_the_end() {
    for count in 0..=4 {
        for before in (0..=count).map(Some).chain([None]) {
            let mut queue = queue_of(count);
            assert_eq!(queue.add(track(9), before.map(id)), Ok(true));
            let place = before.map_or(count, |before| before.min(count));
            assert_eq!(ids(&queue)[place], id(9), "{before:?} of {count}");
            assert_eq!(queue.add(track(9), Some(id(0))), Ok(false));
            assert_eq!(ids(&queue)[place], id(9), "it stays where it is");
            check(&queue);
        }
    }
}

#[test]
fn the_neighbours_of_every_track_and_of_none() {
    for count in 0..=4 {
        let queue = queue_of(count);
        let first = (count > 0).then(|| id(0));
        for number in 0..count {
            let after = (number + 1 < count).then(|| id(number + 1));
            assert_eq!(queue.after(Some(id(number))), after);
            let before = number.saturating_sub(1);
            assert_eq!(queue.before(Some(id(number))), Some(id(before)));
            assert_eq!(queue.get(id(number)), Some(&track(number)));
        }
        for stranger in [None, Some(id(count))] {
            assert_eq!(
                (queue.after(stranger), queue.before(stranger)),
                (first, first)
            );
        }
        assert_eq!(queue.get(id(count)), None);
    }
}

// ---- bounds --------------------------------------------------------------------------------------

#[test]
fn the_last_entry_that_fits_fits_and_one_more_does_not() {
    let mut queue = queue_of(QUEUE_TRACKS_MAX - 1);
    assert_eq!(queue.add(track(1000), None), Ok(true));
    let before = ids(&queue);
    assert_eq!(queue.add(track(1001), Some(id(0))), Err(QueueFull));
    assert_eq!(
        queue.add(track(1000), None),
        Ok(false),
        "it is there already"
    );
    assert_eq!(ids(&queue), before);
    assert_eq!(queue.remove(id(7)), Some(track(7)));
    assert_eq!(queue.add(track(1001), Some(id(0))), Ok(true));
    check(&queue);
}

#[test]
fn the_last_byte_that_fits_fits_and_one_more_does_not() {
    let half = QUEUE_BYTES_MAX / 2;
    let rest = QUEUE_BYTES_MAX - half;
    let mut queue = Queue::new([track_of_bytes(0, half)]);
    assert_eq!(queue.add(track_of_bytes(1, rest + 1), None), Err(QueueFull));
    assert_eq!(queue.bytes(), half);
    assert_eq!(queue.add(track_of_bytes(1, rest), None), Ok(true));
    assert_eq!(queue.bytes(), QUEUE_BYTES_MAX);
    assert_eq!(queue.add(track(2), None), Err(QueueFull));
    queue.remove(id(0));
    assert_eq!(queue.add(track_of_bytes(2, half), None), Ok(true));
    assert_eq!(queue.bytes(), QUEUE_BYTES_MAX);
}

#[test]
fn a_duration_for_which_there_is_no_room_is_not_entered() {
    let mut queue = Queue::new([track_of_bytes(0, QUEUE_BYTES_MAX - 19)]);
    assert_eq!(queue.set_duration(id(0), 60.0), Some(false));
    assert_eq!(queue.set_duration(id(0), 6.0), Some(true));
    assert_eq!(queue.bytes(), QUEUE_BYTES_MAX);
    assert_eq!(queue.set_duration(id(0), 60.0), Some(false));
    assert_eq!(queue.get(id(0)).expect("a track").duration_sec, Some(6.0));
    check(&queue);
}

#[test]
fn what_json_escapes_counts_as_it_is_written() {
    // 20,000 characters, six bytes each.
    let mut escaped = track(0);
    escaped.name = "\u{1}".repeat(20_000);
    assert_eq!(Queue::default().add(escaped, None), Err(QueueFull));
    let mut queue = Queue::default();
    for (number, name) in ["\"\\\n", "é日本", "\u{0}\u{1f}\u{7f}"]
        .into_iter()
        .enumerate()
    {
        let mut track = track(number);
        track.title = Some(name.repeat(100));
        assert_eq!(queue.add(track, None), Ok(true));
        check(&queue);
    }
}

#[test]
fn a_new_queue_has_the_first_tracks_that_fit_each_of_them_once() {
    let twice = Queue::new([track(0), track(1), track(0), track(2), track(1)]);
    assert_eq!(ids(&twice), [id(0), id(1), id(2)]);
    let many = queue_of(QUEUE_TRACKS_MAX + 10);
    assert_eq!(
        ids(&many),
        (0..QUEUE_TRACKS_MAX).map(id).collect::<Vec<_>>()
    );
    let large = track_of_bytes(1, QUEUE_BYTES_MAX);
    let cut = Queue::new([track(0), large, track(2)]);
    assert_eq!(
        ids(&cut),
        [id(0)],
        "an order with a hole would be another order"
    );
    check(&cut);
}

#[test]
fn a_list_that_was_given_out_stays_as_it_was() {
    let mut queue = queue_of(3);
    let given = queue.tracks();
    queue.remove(id(0));
    queue.move_before(id(2), Some(id(1)));
    queue.set_duration(id(1), 5.0);
    queue.add(track(9), None).expect("room for it");
    assert_eq!(*given, (0..3).map(track).collect::<Vec<_>>());
}

#[test]
fn a_duration_replaces_the_one_before_and_the_same_again_changes_nothing() {
    let mut queue = queue_of(2);
    assert_eq!(queue.set_duration(id(1), 60.0), Some(true));
    assert_eq!(queue.set_duration(id(1), 60.0), Some(false));
    assert_eq!(queue.set_duration(id(1), 60.0135), Some(true));
    assert_eq!(queue.set_duration(id(2), 1.0), None);
    let found = queue.get(id(1)).expect("a track").duration_sec;
    assert_eq!(found, Some(60.0135));
    check(&queue);
}

// ---- random edits --------------------------------------------------------------------------------

/// One of 24 tracks, with texts of which some are long and some have to be escaped.
fn any_track(random: &mut Random) -> QueueTrack {
    let mut track = track(random.below(24));
    let piece = *random.pick(&["a", "\"", "\n", "é", "\u{1}", "日本"]);
    // Few of the longest fill a queue.
    let times = *random.pick(&[0, 1, 40, 40, 40, 9000]);
    match random.below(3) {
        0 => track.name = piece.repeat(times),
        1 => track.title = Some(piece.repeat(times)),
        _ => track.added_by = Some(piece.repeat(times)),
    }
    track.duration_sec = random.one_in(2).then_some(0.1 + 0.2);
    track.cover = random.one_in(2);
    track.awaited = random.one_in(2);
    track
}

/// What was awaited is described, unless that is too long for the list. Whether it was.
fn arrive(list: &mut [QueueTrack], track: &QueueTrack) -> bool {
    let mut awaited = list.iter_mut().filter(|entry| entry.awaited);
    let Some(entry) = awaited.find(|entry| entry.track_id == track.track_id) else {
        return false;
    };
    let mut described = track.clone();
    described.awaited = false;
    described.added_by = entry.added_by.clone();
    described.duration_sec = entry.duration_sec.or(track.duration_sec);
    entry.awaited = false;
    let plain = std::mem::replace(entry, described);
    if list.iter().map(json_bytes).sum::<usize>() > QUEUE_BYTES_MAX {
        let place = list
            .iter()
            .position(|entry| entry.track_id == plain.track_id);
        list[place.expect("there")] = plain;
    }
    true
}

#[test]
fn random_edits_do_the_same_to_the_queue_as_to_a_plain_list() {
    for_each_seed(20, |random| {
        let mut queue = Queue::default();
        let mut list: Vec<QueueTrack> = Vec::new();
        for _ in 0..40 {
            let one = id(random.below(24));
            let other = (!random.one_in(4)).then(|| id(random.below(24)));
            let place_of = |list: &[QueueTrack], id| list.iter().position(|t| t.track_id == id);
            let place = place_of(&list, one);
            match random.below(7) {
                6 => {
                    let track = any_track(random);
                    let expected = arrive(&mut list, &track);
                    assert_eq!(queue.arrived(track), expected);
                }
                0..=2 => {
                    let track = any_track(random);
                    let is_there = place_of(&list, track.track_id).is_some();
                    let bytes: usize = list.iter().chain([&track]).map(json_bytes).sum();
                    let expected = match is_there {
                        // Adding what was awaited is one way for it to arrive.
                        true => Ok(!track.awaited && arrive(&mut list, &track)),
                        false if bytes > QUEUE_BYTES_MAX => Err(QueueFull),
                        false => Ok(true),
                    };
                    assert_eq!(queue.add(track.clone(), other), expected);
                    if expected == Ok(true) && !is_there {
                        let to = other.and_then(|other| place_of(&list, other));
                        list.insert(to.unwrap_or(list.len()), track);
                    }
                }
                3 => {
                    let removed = place.map(|place| list.remove(place));
                    assert_eq!(queue.remove(one), removed);
                }
                4 => {
                    let before = list.clone();
                    if let Some(place) = place.filter(|_| other != Some(one)) {
                        let track = list.remove(place);
                        let to = other.and_then(|other| place_of(&list, other));
                        list.insert(to.unwrap_or(list.len()), track);
                    }
                    let expected = place.map(|_| list != before);
                    assert_eq!(queue.move_before(one, other), expected);
                }
                _ => {
                    let sec = *random.pick(&[1.0, 0.1 + 0.2, 1e-300, 2_592_000.0]);
                    let before = list.clone();
                    if let Some(place) = place {
                        list[place].duration_sec = Some(sec);
                    }
                    if list.iter().map(json_bytes).sum::<usize>() > QUEUE_BYTES_MAX {
                        list.clone_from(&before);
                    }
                    let expected = place.map(|_| list != before);
                    assert_eq!(queue.set_duration(one, sec), expected);
                }
            }
            assert_eq!(*queue.tracks(), list);
            check(&queue);
        }
    });
}
