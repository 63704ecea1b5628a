//! Every sequence of acts up to a small depth.

use super::room_world::{Act, Step, World};

/// Does every sequence of `depth` acts after `start`, each in a world of its own. `possible` gives what may be
/// done next.
pub fn explore_after(
    begin: impl Fn() -> World,
    possible: impl Fn(&World) -> Vec<Act>,
    start: &[Act],
    depth: usize,
) {
    let mut path = start.to_vec();
    let explored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        explore(&begin, &possible, &mut path, depth)
    }));
    match explored {
        Ok(sequences) => assert!(sequences > 1000, "only {sequences} sequences"),
        Err(panic) => {
            eprintln!("the sequence was {path:?}");
            std::panic::resume_unwind(panic);
        }
    }
}

/// Gives how many sequences there were.
fn explore(
    begin: &impl Fn() -> World,
    possible: &impl Fn(&World) -> Vec<Act>,
    path: &mut Vec<Act>,
    depth: usize,
) -> u64 {
    let mut world = begin();
    for (variety, &act) in path.iter().enumerate() {
        // What came before was checked when it was the last.
        world.checking = variety + 1 == path.len();
        world.take(&Step { act, variety });
    }
    if depth == 0 {
        return 1;
    }
    let mut sequences = 0;
    for act in possible(&world) {
        path.push(act);
        sequences += explore(begin, possible, path, depth - 1);
        path.pop();
    }
    sequences
}
