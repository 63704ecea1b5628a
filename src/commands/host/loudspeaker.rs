//! A loudspeaker beside the screen: the conductor of `jam listen` in a thread of its own. It plays from the server.

use crate::cli::ListenOptions;
use crate::client::error::RoomError;
use crate::client::link::RoomLink;
use crate::client::member::RoomEvent;
use crate::commands::Failure;
use crate::commands::listen::conductor::{Conductor, Stage};
use crate::commands::listen::remote::Remote;
use crate::commands::listen::words::Now;
use crate::commands::stop::Stop;
use crate::limits::{LISTEN_EVENTS_MAX, THREAD_STACK_BYTES};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::thread::{Builder, Scope};

/// Its thread ends with `stop`, or when there is no player.
pub struct Loudspeaker {
    remote: Arc<Remote>,
    events: Sender<RoomEvent>,
    ended: Receiver<Result<(), Failure>>,
}

impl Loudspeaker {
    /// # Errors
    /// When the system has no room for the thread.
    pub fn start<'scope, 'env: 'scope>(
        scope: &'scope Scope<'scope, 'env>,
        options: &'env ListenOptions,
        link: &'env RoomLink,
        stop: &'env Stop,
    ) -> Result<Self, Failure> {
        let remote = Arc::<Remote>::default();
        let (events, heard) = bounded(LISTEN_EVENTS_MAX);
        let (end, ended) = bounded(1);
        let own_remote = Arc::clone(&remote);
        let conduct = move || {
            let stage = Stage {
                link,
                events: heard,
                shelf: None,
                stop,
                remote: Some(&own_remote),
            };
            let _nobody_looks =
                end.try_send(Conductor::new(options, stage).and_then(Conductor::run));
        };
        Builder::new()
            .name("conductor".into())
            .stack_size(THREAD_STACK_BYTES)
            .spawn_scoped(scope, conduct)
            .map_err(|error| Failure::new("starting a thread", &error))?;
        Ok(Self {
            remote,
            events,
            ended,
        })
    }

    /// What the room says, as far as a player has to know it. It takes everything at once, so this waits for nobody.
    pub fn tell(&self, event: &RoomEvent) {
        let event = match event {
            RoomEvent::Joined(joined) => RoomEvent::Joined(joined.clone()),
            RoomEvent::State(state) => RoomEvent::State(state.clone()),
            RoomEvent::Queue(tracks) => RoomEvent::Queue(tracks.clone()),
            RoomEvent::Waiting(waiting) => RoomEvent::Waiting(waiting.clone()),
            RoomEvent::Woken => RoomEvent::Woken,
            RoomEvent::Clock { clock, at } => RoomEvent::Clock {
                clock: *clock,
                at: *at,
            },
            RoomEvent::Lost { why, again_in } => RoomEvent::Lost {
                why: RoomError::Broken {
                    how: why.to_string(),
                },
                again_in: *again_in,
            },
            _ => return,
        };
        // Who has gone says why (`check`).
        let _gone = self.events.send(event);
    }

    /// # Errors
    /// When there is no player any more, and why.
    pub fn check(&self) -> Result<(), Failure> {
        self.ended.try_recv().unwrap_or(Ok(()))
    }

    #[must_use]
    pub fn now(&self) -> Option<Now> {
        self.remote.now()
    }

    pub fn set_volume(&self, percent: u32) {
        self.remote.set_volume(percent);
    }
}
