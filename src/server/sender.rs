//! The senders: a few threads that write the rooms' frames to the members, each owning its share of them.
//!
//! A sender never waits for a socket (see `outbox`), so a broadcast costs one system call a member, whoever is
//! slow. Within one member all messages of its room go through the same sender and keep their order.

use super::outbox::{Frame, Outbox};
use crate::limits::{SENDER_INPUTS_MAX, SENDERS_MAX, THREAD_STACK_BYTES};
use crate::room::members::MemberId;
use crate::room::message::{Kind, Wants};
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

/// The rooms' end of the senders' channels. The senders end when all clones are gone.
#[derive(Clone)]
pub struct Senders(Vec<Sender<Task>>);

impl Senders {
    /// # Errors
    /// When the system has no room for the threads.
    pub fn start(threads: &Threads) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut channels = Vec::new();
        for _ in 0..cores.min(SENDERS_MAX) {
            let (channel, tasks) = bounded(SENDER_INPUTS_MAX);
            threads.spawn("sender", THREAD_STACK_BYTES, move || run(&tasks))?;
            channels.push(channel);
        }
        Ok(Self(channels))
    }

    pub fn join(&self, room: RoomKey, member: MemberId, wants: Wants, outbox: Arc<Outbox>) {
        let seat = Seat {
            member,
            wants,
            outbox,
        };
        self.tell(member, Task::Join { room, seat });
    }

    pub fn leave(&self, room: RoomKey, member: MemberId) {
        self.tell(member, Task::Leave { room, member });
    }

    pub fn one(&self, room: RoomKey, member: MemberId, frame: Arc<Frame>) {
        self.tell(
            member,
            Task::One {
                room,
                member,
                frame,
            },
        );
    }

    /// To every member of the room that receives this kind (all of them for `None`), except some (sorted).
    pub fn all(
        &self,
        room: RoomKey,
        kind: Option<Kind>,
        frame: &Arc<Frame>,
        except: Vec<MemberId>,
    ) {
        let except: Arc<[MemberId]> = except.into();
        for channel in &self.0 {
            let task = Task::All {
                room,
                kind,
                frame: Arc::clone(frame),
                except: Arc::clone(&except),
            };
            channel.send(task).expect(SENDER_LIVES);
        }
    }

    fn tell(&self, member: MemberId, task: Task) {
        let share = member.0 % self.0.len() as u64;
        let index = usize::try_from(share).expect("bug: smaller than a length");
        self.0[index].send(task).expect(SENDER_LIVES);
    }
}

const SENDER_LIVES: &str = "bug: a sender lives as long as somebody can send to it";

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
