//! What a server keeps on disk, so that one that is killed comes back with its rooms: `--state-dir`.
//!
//! `state.json` has what is the server's own, `rooms/NAME.json` a room. Each is written as a whole; what cannot be read
//! is set aside and said, and never keeps the server from starting. `docs/PROTOCOL.md` describes the files.

use super::state_file::{VERSION, decode, decode_room, encode, encode_room};
use crate::limits::{
    ROOMS_TOLD_MAX, STATE_FILES_MAX, STATE_ROOM_BYTES_MAX, STATE_SERVER_BYTES_MAX,
};
use crate::room::name::RoomName;
use crate::room::snapshot::RoomSnapshot;
use crate::sys::clock::{ClockLine, RoomClock};
use crate::sys::kept_folder::{self, KeptFolder, OpenError};
use crate::sys::secret::Secret;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const ROOMS: &str = "rooms";
const ROOM_END: &str = ".json";
const TRACKS: &str = "tracks";

/// The folder, as long as this server runs.
#[derive(Debug)]
pub struct StateDisk {
    folder: KeptFolder,
}

/// What was there when the server started.
pub struct Kept {
    pub disk: StateDisk,
    /// From which the server's `node_id` and the rooms' swarm keys are made.
    pub secret: Secret,
    pub clock: RoomClock,
    pub rooms: Vec<(RoomName, RoomSnapshot)>,
    /// `state.json` as it should be, when the disk did not take it.
    pub unwritten: Option<ServerFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerFile {
    jam_state: u32,
    secret: String,
    clock: Option<ClockLine>,
}

impl StateDisk {
    /// Where tracks are kept when no library says otherwise.
    #[must_use]
    pub fn tracks_folder(&self) -> PathBuf {
        self.folder.path().join(TRACKS)
    }

    /// # Errors
    /// When the disk does not take it; what was there before is there still.
    pub fn write_server(&self, file: &ServerFile) -> io::Result<()> {
        kept_folder::write_whole(&self.server_path(), &encode(file))
    }

    /// # Errors
    /// When the disk does not take it; what was there before is there still.
    pub fn write_room(&self, name: &RoomName, room: &RoomSnapshot) -> io::Result<()> {
        kept_folder::write_whole(&self.room_path(name), &encode_room(room))
    }

    /// # Errors
    /// When the disk does not let it go.
    pub fn remove_room(&self, name: &RoomName) -> io::Result<()> {
        kept_folder::remove(&self.room_path(name))
    }

    fn server_path(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    fn rooms_folder(&self) -> PathBuf {
        self.folder.path().join(ROOMS)
    }

    fn room_path(&self, name: &RoomName) -> PathBuf {
        self.rooms_folder().join(format!("{name}{ROOM_END}"))
    }

    fn read_rooms(&self) -> Vec<(RoomName, RoomSnapshot)> {
        let entries = match self.rooms_folder().read_dir() {
            Ok(entries) => entries,
            Err(error) => {
                log::error!("state: reading {}: {error}", self.rooms_folder().display());
                return Vec::new();
            }
        };
        let mut rooms = Vec::new();
        for path in entries
            .flatten()
            .map(|entry| entry.path())
            .take(STATE_FILES_MAX)
        {
            if kept_folder::is_part(&path) {
                // Of a server that was killed meanwhile. If it cannot go, it does no harm.
                let _stays = kept_folder::remove(&path);
            }
            let Some(name) = room_of(&path) else { continue };
            if rooms.len() >= ROOMS_TOLD_MAX {
                log::warn!(
                    "state: {} is one room too many, and left alone",
                    path.display()
                );
                continue;
            }
            let stored = read(&path, STATE_ROOM_BYTES_MAX);
            let room = stored.and_then(|bytes| bytes.map(|b| decode_room(&name, b)).transpose());
            match room {
                Ok(room) => rooms.extend(room.map(|room| (name, room))),
                Err(why) => set_aside(&path, &why),
            }
        }
        rooms
    }
}

/// Opens the folder, which is made when it is missing, and reads what is there.
///
/// # Errors
/// When another server has it, or it cannot be made; and when the system gives no random numbers.
pub fn open(path: &Path) -> Result<Kept, OpenError> {
    let disk = StateDisk {
        folder: KeptFolder::open(path)?,
    };
    // It may be there, on a disk that takes nothing: then it can be read at least.
    kept_folder::make_folder(&disk.rooms_folder())
        .or_else(|error| {
            disk.rooms_folder()
                .read_dir()
                .map(|_| ())
                .map_err(|_| error)
        })
        .map_err(OpenError::Io)?;
    let rooms = disk.read_rooms();
    let server = read(&disk.server_path(), STATE_SERVER_BYTES_MAX);
    let server = server.and_then(|bytes| bytes.map(decode::<ServerFile>).transpose());
    let server = server.unwrap_or_else(|why| {
        set_aside(&disk.server_path(), &why);
        None
    });
    let secret = server
        .as_ref()
        .and_then(|server| Secret::from_hex(&server.secret));
    let is_new = secret.is_none();
    let secret = secret
        .map_or_else(Secret::draw, Ok)
        .map_err(OpenError::Io)?;
    let line = server.and_then(|server| server.clock);
    let resumed = line.as_ref().and_then(RoomClock::resume);
    let clock = resumed.unwrap_or_else(|| {
        let known = rooms.iter().map(|(_, room)| room.saved_at);
        let known = known.chain(line.and_then(|line| line.room_sec()));
        RoomClock::start_not_before(known.fold(0.0, f64::max))
    });
    let mut kept = Kept {
        disk,
        secret,
        clock,
        rooms,
        unwritten: None,
    };
    if is_new || resumed.is_none() {
        kept.write_server();
    }
    Ok(kept)
}

impl Kept {
    fn write_server(&mut self) {
        let file = ServerFile {
            jam_state: VERSION,
            secret: self.secret.to_hex(),
            clock: self.clock.line(),
        };
        if let Err(error) = self.disk.write_server(&file) {
            log::error!(
                "state: writing {}: {error}",
                self.disk.server_path().display()
            );
            self.unwritten = Some(file);
        }
    }
}

fn room_of(path: &Path) -> Option<RoomName> {
    RoomName::parse(path.file_name()?.to_str()?.strip_suffix(ROOM_END)?)
}

/// `None`: there is none.
fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, String> {
    kept_folder::read_bounded(path, bytes_max).map_err(|error| error.to_string())
}

fn set_aside(path: &Path, why: &str) {
    let path_shown = path.display();
    match kept_folder::set_aside(path) {
        Ok(aside) => log::error!(
            "state: {path_shown} cannot be read ({why}); it is {} now, and jam goes on without it",
            aside.display()
        ),
        Err(error) => log::error!(
            "state: {path_shown} cannot be read ({why}) nor set aside ({error}); jam goes on without it"
        ),
    }
}
