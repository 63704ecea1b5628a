//! How a room ends when a bug in it ends its thread: alone. Its members are sent away, and who comes back finds a new room.

use super::room_thread::RoomThread;

impl Drop for RoomThread {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        log::error!(
            "room {}: a bug has ended it, and whoever comes back finds a new one",
            self.handle.name()
        );
        self.registry.forget_dead(&self.handle);
        self.send_everybody_away();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ServerLimits;
    use crate::room::key::Locks;
    use crate::room::name::RoomName;
    use crate::room::rights::Guests;
    use crate::server::doors::Doors;
    use crate::server::registry::{self, Registry};
    use crate::server::sender::{RoomKey, Senders};
    use crate::server::turned_away::{Told, TurnedAway};
    use crate::sys::clock::RoomClock;
    use crate::sys::secret::Secret;
    use crate::sys::threads::Threads;
    use crossbeam_channel::bounded;
    use std::collections::{HashMap, VecDeque};
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    #[test]
    fn whoever_comes_back_to_a_room_that_a_bug_has_ended_finds_a_new_one() {
        let (clock, threads) = (RoomClock::start(), Threads::default());
        let senders = Senders::start(&threads).expect("threads");
        let turned_away = Arc::new(TurnedAway::new(Told {
            limits: ServerLimits::default(),
            connections: 1,
            connections_of_address: 1,
            upload_bytes: 1,
            library_bytes: 1,
        }));
        let (wants, _wanted) = bounded(1);
        let registry = Registry::new(registry::Config {
            threads: threads.clone(),
            clock,
            version: "1",
            tracks: HashMap::new(),
            secret: Secret::draw().expect("a secret"),
            guests: Guests::default(),
            doors: Arc::new(Doors::new(
                Locks::default(),
                clock,
                Arc::clone(&turned_away),
            )),
            keeper: None,
            turned_away,
            senders: senders.clone(),
            wants: wants.clone(),
        });
        let name = RoomName::parse("a").expect("a room");
        let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
        let old = registry.enter(&name, ip).expect("a room");
        let (_tells, inputs) = bounded(1);
        let thread = RoomThread {
            handle: old.clone(),
            room: registry.empty_room(&name),
            inputs,
            senders: senders.for_room(RoomKey(7)),
            registry: registry.clone(),
            clock,
            wants,
            untold: VecDeque::new(),
            wants_are_late: false,
            keeper: None,
            stays_until: None,
        };
        let dead = std::thread::spawn(move || {
            let _ends_with_it = thread;
            panic!("on purpose, for a test");
        });
        dead.join().expect_err("a panic");
        let new = registry.enter(&name, ip).expect("a room");
        assert!(!Arc::ptr_eq(&old.0, &new.0));
        assert!(new.view().is_some());
    }
}
