//! The senders: a few threads that write the rooms' frames to the members, each owning its share of them.
//!
//! A sender never waits for a socket (see `outbox`), so a broadcast costs one system call a member, whoever is
//! slow. Within one member all messages of its room go through the same sender and keep their order.

use super::outbox::{Frame, Outbox};
use crate::limits::{
    SENDER_INPUTS_MAX, SENDERS_MAX, SENDERS_PER_CORE, SMALL_ROOM_MEMBERS, THREAD_STACK_BYTES,
};
use crate::room::kind::Kind;
use crate::room::members::MemberId;
use crate::room::message::Wants;
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// Tells rooms apart, also one that was forgotten from a later one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomKey(pub u64);

enum Task {
    Join {
        room: RoomKey,
        seat: Seat,
    },
    Leave {
        room: RoomKey,
        member: MemberId,
    },
    One {
        room: RoomKey,
        member: MemberId,
        frame: Arc<Frame>,
    },
    All {
        room: RoomKey,
        /// `None` goes to everybody, whatever they asked for.
        kind: Option<Kind>,
        frame: Arc<Frame>,
        except: Arc<[MemberId]>,
    },
}

struct Seat {
    member: MemberId,
    wants: Wants,
    outbox: Arc<Outbox>,
}

/// The senders' channels. The senders end when all clones are gone, and all rooms'.
#[derive(Clone)]
pub struct Senders(Arc<[Sender<Task>]>);

impl Senders {
    /// # Errors
    /// When the system has no room for the threads.
    pub fn start(threads: &Threads) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut channels = Vec::new();
        for _ in 0..(SENDERS_PER_CORE * cores).min(SENDERS_MAX) {
            let (channel, tasks) = bounded(SENDER_INPUTS_MAX);
            threads.spawn("sender", THREAD_STACK_BYTES, move || run(&tasks))?;
            channels.push(channel);
        }
        Ok(Self(channels.into()))
    }

    /// For one room's thread.
    #[must_use]
    pub fn for_room(&self, room: RoomKey) -> RoomSenders {
        RoomSenders {
            room,
            channels: Arc::clone(&self.0),
            members: vec![0; self.0.len()],
            sender_of: HashMap::new(),
        }
    }
}

/// A room's way to its members. A small room is served by one sender, so that a message wakes one thread; what
/// goes beyond that is spread over all of them.
pub struct RoomSenders {
    room: RoomKey,
    channels: Arc<[Sender<Task>]>,
    /// How many members each sender has.
    members: Vec<usize>,
    sender_of: HashMap<MemberId, usize>,
}

impl RoomSenders {
    pub fn join(&mut self, member: MemberId, wants: Wants, outbox: Arc<Outbox>) {
        let spread = match self.sender_of.len() < SMALL_ROOM_MEMBERS {
            true => self.room.0,
            false => member.0,
        };
        let index = usize::try_from(spread % self.channels.len() as u64)
            .expect("bug: smaller than a length");
        self.sender_of.insert(member, index);
        self.members[index] += 1;
        let seat = Seat {
            member,
            wants,
            outbox,
        };
        let room = self.room;
        self.tell(index, Task::Join { room, seat });
    }

    /// Nothing happens when it never joined.
    pub fn leave(&mut self, member: MemberId) {
        if let Some(index) = self.sender_of.remove(&member) {
            self.members[index] -= 1;
            let room = self.room;
            self.tell(index, Task::Leave { room, member });
        }
    }

    pub fn one(&self, member: MemberId, frame: Arc<Frame>) {
        if let Some(&index) = self.sender_of.get(&member) {
            let task = Task::One {
                room: self.room,
                member,
                frame,
            };
            self.tell(index, task);
        }
    }

    /// To every member of the room that receives this kind (all of them for `None`), except some (sorted).
    pub fn all(&self, kind: Option<Kind>, frame: &Arc<Frame>, except: Vec<MemberId>) {
        let except: Arc<[MemberId]> = except.into();
        for (index, _) in self.members.iter().enumerate().filter(|&(_, n)| *n > 0) {
            let task = Task::All {
                room: self.room,
                kind,
                frame: Arc::clone(frame),
                except: Arc::clone(&except),
            };
            self.tell(index, task);
        }
    }

    fn tell(&self, sender: usize, task: Task) {
        // A sender lives as long as somebody can send to it; and a room that ends by a bug must not meet another.
        let _lives = self.channels[sender].send(task);
    }
}

/// A room that a bug ends has members still.
impl Drop for RoomSenders {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (member, index) in std::mem::take(&mut self.sender_of) {
            let room = self.room;
            self.tell(index, Task::Leave { room, member });
        }
    }
}

fn run(tasks: &Receiver<Task>) {
    let mut rooms: HashMap<RoomKey, Share> = HashMap::new();
    for task in tasks {
        match task {
            Task::Join { room, seat } => rooms.entry(room).or_default().add(seat),
            Task::Leave { room, member } => {
                if let Some(share) = rooms.get_mut(&room) {
                    share.remove(member);
                    if share.seats.is_empty() {
                        rooms.remove(&room);
                    }
                }
            }
            Task::One {
                room,
                member,
                frame,
            } => {
                if let Some(seat) = rooms.get(&room).and_then(|share| share.seat(member)) {
                    seat.outbox.push(&frame);
                }
            }
            Task::All {
                room,
                kind,
                frame,
                except,
            } => {
                if let Some(share) = rooms.get_mut(&room) {
                    share.broadcast(kind, &frame, &except);
                }
            }
        }
    }
}

/// A sender's members of one room, sorted by their number.
#[derive(Default)]
struct Share {
    seats: Vec<Seat>,
    turn: usize,
}

impl Share {
    fn add(&mut self, seat: Seat) {
        let place = self.place(seat.member);
        self.seats.insert(place, seat);
    }

    fn remove(&mut self, member: MemberId) {
        let place = self.place(member);
        if self.seat(member).is_some() {
            self.seats.remove(place);
        }
    }

    fn seat(&self, member: MemberId) -> Option<&Seat> {
        let seat = self.seats.get(self.place(member))?;
        (seat.member == member).then_some(seat)
    }

    fn place(&self, member: MemberId) -> usize {
        self.seats.partition_point(|seat| seat.member < member)
    }

    /// Begins at another member each time, so that nobody is always last.
    fn broadcast(&mut self, kind: Option<Kind>, frame: &Arc<Frame>, except: &[MemberId]) {
        self.turn = (self.turn + 1) % self.seats.len().max(1);
        let (early, late) = self.seats.split_at(self.turn);
        for seat in late.iter().chain(early) {
            let receives = kind.is_none_or(|kind| seat.wants.receives(kind));
            if receives && except.binary_search(&seat.member).is_err() {
                seat.outbox.push(frame);
            }
        }
    }
}
