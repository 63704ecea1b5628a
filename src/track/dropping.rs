//! Which tracks of a library go when another one needs their place: those that nobody used for longest. Pure.

use super::id::TrackId;
use std::time::Duration;

/// A track that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Droppable {
    pub id: TrackId,
    pub bytes: u64,
    /// When it was used last, since any moment that is the same for all.
    pub used: Duration,
}

/// The tracks that go for `bytes`, the longest unused first, and none that need not; `None` when all of them together are
/// too few, and nothing should go in vain.
#[must_use]
pub fn choose(mut droppable: Vec<Droppable>, bytes: u64) -> Option<Vec<TrackId>> {
    droppable.sort_by_key(|track| track.used);
    let mut freed = 0_u64;
    let mut chosen = Vec::new();
    for track in droppable {
        if freed >= bytes {
            break;
        }
        freed = freed.saturating_add(track.bytes);
        chosen.push((track.id, track.bytes));
    }
    if freed < bytes {
        return None;
    }
    // A large one at the end may have made smaller ones before it needless.
    chosen.retain(|&(_, size)| {
        let needless = freed - size >= bytes;
        freed -= if needless { size } else { 0 };
        !needless
    });
    Some(chosen.into_iter().map(|(id, _)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(number: u8, bytes: u64, used: u64) -> Droppable {
        Droppable {
            id: TrackId::from_bytes([number; 32]),
            bytes,
            used: Duration::from_secs(used),
        }
    }

    fn chosen(tracks: &[(u8, u64, u64)], bytes: u64) -> Option<Vec<u8>> {
        let tracks = tracks
            .iter()
            .map(|&(number, size, used)| track(number, size, used));
        let ids = choose(tracks.collect(), bytes)?;
        Some(
            ids.into_iter()
                .map(|id| u8::from_str_radix(&id.to_string()[..2], 16).expect("digits"))
                .collect(),
        )
    }

    #[test]
    fn the_longest_unused_go_first_and_no_more_than_needed() {
        let tracks = [(1, 10, 300), (2, 10, 100), (3, 10, 200)];
        assert_eq!(chosen(&tracks, 0), Some(vec![]));
        assert_eq!(chosen(&tracks, 1), Some(vec![2]));
        assert_eq!(chosen(&tracks, 11), Some(vec![2, 3]));
        assert_eq!(chosen(&tracks, 30), Some(vec![2, 3, 1]));
    }

    #[test]
    fn nothing_goes_when_all_together_are_not_enough() {
        assert_eq!(chosen(&[(1, 10, 1), (2, 10, 2)], 21), None);
        assert_eq!(chosen(&[], 1), None);
        assert_eq!(chosen(&[], 0), Some(vec![]));
    }

    #[test]
    fn a_small_one_stays_when_a_large_one_has_to_go_anyhow() {
        assert_eq!(chosen(&[(1, 1, 1), (2, 100, 2)], 50), Some(vec![2]));
    }

    #[test]
    fn whatever_is_there_what_goes_is_enough_and_each_of_it_is_needed() {
        // All sets of up to five tracks of some sizes, used in their order.
        for code in 0..4_u64.pow(5) {
            let sizes: Vec<u64> = (0..5)
                .map(|place| [0, 1, 3, 8][(code / 4_u64.pow(place) % 4) as usize])
                .collect();
            let tracks: Vec<_> = sizes
                .iter()
                .zip(1..)
                .map(|(&size, n)| (n, size, u64::from(n)))
                .collect();
            for bytes in [0, 1, 4, 9, 17] {
                let Some(gone) = chosen(&tracks, bytes) else {
                    assert!(sizes.iter().sum::<u64>() < bytes);
                    continue;
                };
                let size_of = |number: &u8| sizes[usize::from(*number) - 1];
                let freed: u64 = gone.iter().map(size_of).sum();
                assert!(freed >= bytes);
                assert!(
                    gone.iter().all(|number| freed - size_of(number) < bytes),
                    "{sizes:?} {bytes} {gone:?}"
                );
            }
        }
    }
}
