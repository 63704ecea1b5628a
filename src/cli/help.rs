//! The help texts, which the README repeats.

pub const HELP: &str = "\
jam: a listening party from one small binary. Everyone in the room hears the same moment.

Usage: jam COMMAND [OPTIONS]

Commands:
  server    Host rooms: the page, the sound and the tracks, on one port
  seed      Share files from this machine, in verified chunks
  fetch     Download a track from everybody who has some of it, and pass it on
  listen    Play what a room plays, through a loudspeaker here
  host      Play files to a room, and control it from the terminal or a script
  peer      Send or fetch made-up chunks, to try a network out
  check     Tell how the way to another machine is

Options:
  -h, --help       This text; `jam COMMAND --help` tells about a command
  -V, --version    The version

Try it: jam server --share song.mp3
        jam seed song.mp3               says what to type on another machine to fetch it
";

pub const SERVER_HELP: &str = "\
Hosts rooms: serves the page, keeps everyone together and hands out the tracks, on one port.

Usage: jam server [OPTIONS] [--share FILE...]

Options:
      --listen ADDR:PORT     Where to listen [default: 0.0.0.0:8000]; port 0 takes a free one,
                             [::]:8000 takes IPv6 as well
  -p, --port PORT            Another port, the address as it is
      --share FILE...        Music to offer: files, or folders for the audio files in them.
                             WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC or M4A
      --room NAME            The room that offers it [default: jam1]
      --guests WHAT          What guests may do in a new room: nothing, add, vote (to skip, and add)
                             or everything [default: nothing, and its host can change it]
      --library DIR          Keep uploads and copies of shared music in DIR, and offer what is there
                             already; without it uploads are gone when the server stops
      --state-dir DIR        Keep the rooms in DIR: who starts the server again, even after it was
                             killed, finds them as they would be now. Uploads stay as well, in
                             DIR/tracks unless there is a --library
      --room-key KEY         Who joins a room has to know this, unless its host has set another key.
                             JAM_ROOM_KEY in the environment is better: arguments are no secret
      --host-key KEY         Who takes the host seat has to know this, or JAM_HOST_KEY
      --allow-origin ORIGIN  Let pages of another origin in, such as https://party.example; may be
                             repeated [default: the server's own pages]
      --max-upload SIZE      Largest track that is uploaded, or taken from nodes [default: 512MiB]
      --max-library SIZE     Bytes of tracks in all; for more, those go that no room needs, the
                             longest unused first, and then no more are taken [default: 16GiB]
      --max-connections N    Refuse more with 503 [default: 8192, or what the system allows]
      --max-connections-per-address N
                             Of these, from one address
                             [default: three quarters of them, but at least 1000]
      --max-rooms N          Rooms at a time [default: 4096]
      --max-rooms-per-address N
                             Of these, made from one address [default: 256]
      --max-members N        Members of one room [default: 6000]
      --max-messages N       Messages a second from one member, four times as many at once
                             [default: 50]
      --max-bytes SIZE       Bytes a second from one member, four times as many at once
                             [default: 1MiB]
      --max-uploads N        Uploads at a time, a quarter of them from one address [default: 16]
      --trust-proxy          Everybody comes through a proxy of your own: where they are is what it
                             adds to X-Forwarded-For
      --tls-cert FILE, --tls-key FILE
                             Speak TLS as well, on the same port: the page is then at https://.
                             PEM files; for a jam that was built with `--features tls`
      --log LEVEL            error, warn, info, debug or trace [default: info, or JAM_LOG]
  -h, --help                 This text

Ctrl-C stops it. Everybody who can reach this machine can join its rooms that have no key.

Examples:
  jam server --share song.mp3 Music/
  jam server --library ~/jam --port 8080 --room kitchen
  jam server --state-dir ~/party --share Music/
";

pub const SEED_HELP: &str = "\
Shares files where they lie: others fetch them in verified chunks, and pass the chunks on.

Usage: jam seed [OPTIONS] FILE...

Options:
      --room URL             Offer them in a room: ws://HOST:8000/ws/jam1, or its page's address
      --host                 Join that room as its host
      --room-key KEY         The key to that room, if it has one [default: what stands behind #key=
                             in its address, or JAM_ROOM_KEY]
      --host-key KEY         With --host: the key to the host seat, if the server has one
                             [default: JAM_HOST_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --name NAME            What the others in the room see
      --listen-port PORT     Where others fetch from [default: 9003, or a free one if it is taken];
                             0 takes a free one
      --chunk-size SIZE      A power of two from 1KiB to 4MiB [default: by the length of the file]
      --key TEXT             Serve only those who give the same [default: the room's key, or none]
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

FILE is any file; for a folder name the files in it, as in Music/*.flac. Ctrl-C stops it.

Examples:
  jam seed song.mp3
  jam seed *.flac --room http://192.168.1.20:8000/jam1 --host
";

pub const FETCH_HELP: &str = "\
Downloads a track in verified chunks from everybody who has some of it, and passes them on.

Usage: jam fetch [OPTIONS] [TRACK_ID] --room URL
       jam fetch [OPTIONS] [TRACK_ID] --connect HOST:PORT...

TRACK_ID is the 64 digits that `jam seed` and `b3sum` print. Without it: what plays in the room
and the rest of its queue, or all that the others offer.

Options:
      --room URL             From everybody in a room: ws://HOST:8000/ws/jam1, or its page's address
      --room-key KEY         The key to that room, if it has one [default: what stands behind #key=
                             in its address, or JAM_ROOM_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --connect HOST:PORT... From these, and from those they know; the port may be left out if it
                             is 9003
      --output DIR           The folder for it [default: .]
      --listen-port PORT     Where others fetch from [default: 9004, or a free one if it is taken];
                             0 takes a free one
      --seed-after [SECONDS] Serve others at least so long when done; without a number, until Ctrl-C
                             [default: until the others are done, at most 10 seconds]
      --key TEXT             The key of the others [default: the room's key, or none]
      --name NAME            What the others in the room see
      --json                 Tell everything in lines of JSON on standard output
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

A download that was stopped goes on from what is there. A file gets its name when all of it is
verified, and no other file is overwritten.

Examples:
  jam fetch --room http://192.168.1.20:8000/jam1
  jam fetch --connect 192.168.1.20 --output Music
  jam fetch TRACK_ID --connect 192.168.1.20:9003 192.168.1.21:9004 --seed-after 600
";

pub const LISTEN_HELP: &str = "\
Plays what a room plays, at the same moment as everybody there: a loudspeaker without a screen.

Usage: jam listen [OPTIONS] URL

URL is a room: ws://HOST:8000/ws/jam1, or its page's address. mpv has to be installed.

Options:
      --player PROGRAM       Another mpv, 0.33 or later [default: mpv]
      --device NAME          Where the sound goes, as `mpv --audio-device=help` names it
                             [default: the system's own]; two players share it for a moment
      --trim MS              Play so many ms earlier, for an amplifier that is late; later with -
                             [default: 0, from -1000 to 1000]
      --room-key KEY         The key to the room, if it has one [default: what stands behind #key=
                             in its address, or JAM_ROOM_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --no-fetch             Take the tracks from the server alone, and pass nothing on
      --name NAME            What the others in the room see
      --json                 Tell everything in lines of JSON on standard output
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

Without --no-fetch the tracks come in verified chunks from everybody who has some of them, and are
passed on meanwhile; they are gone when it ends. Ctrl-C stops it.

Examples:
  jam listen http://192.168.1.20:8000/jam1 --name Kitchen
  jam listen ws://192.168.1.20:8000/ws/jam1 --device alsa/default --trim 15
";

pub const HOST_HELP: &str = "\
Plays files to a room and controls it: from the terminal until `q`, or one thing from a script.

Usage: jam host [OPTIONS] URL [FILE...]
       jam host [--name NAME] [--json] URL ACTION

URL is a room: ws://HOST:8000/ws/jam1, or its page's address. The FILEs are served from here in
verified chunks, as by `jam seed`, and stand in the queue. The keys are on the screen.

Options:
      --listen               Play here as well, through mpv, at a volume of its own
      --player PROGRAM, --device NAME, --trim MS
                             With --listen, as for `jam listen`
      --room-key KEY         The key to the room, if it has one [default: what stands behind #key=
                             in its address, or JAM_ROOM_KEY]
      --host-key KEY         The key to the host seat, if the server has one [default: JAM_HOST_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --wait                 Wait for the host seat when somebody has it, and do not ask
      --listen-port PORT     Where others fetch from [default: 9003, or a free one if it is taken];
                             0 takes a free one
      --plain                A line for each change instead of a screen, and words (`pause`,
                             `seek 1:30`) on standard input instead of keys
      --name NAME            What the others in the room see
      --json                 Tell as JSON what an action led to
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

Actions, of which one is done; the program ends when the room has followed:
      --play [TRACK]         Go on, or begin a track: its number in the queue, or its id
      --pause                Stand still
      --seek TIME            Go to 90, 1:30 or 1:02:03
      --next                 Begin the track behind the current one
      --previous             Begin the one before
      --add FILE...          Upload files to the end of the queue
      --remove TRACK         Take a track out of the queue
      --guests LEVEL         Let guests do nothing, add, vote (and add), or everything
      --lock [KEY]           Ask KEY of who joins from now on; JAM_NEW_KEY in the environment is
                             better: arguments are no secret. Who is in stays in
      --unlock               Ask for no key of the room's own any more
      --state                Only tell what plays; this and the next two disturb nobody
      --queue                Only tell what stands in the queue
      --members              Only tell who is there and how they do

The music plays on when a host leaves. While somebody else hosts, an action is done only when the
guests of that room may do everything.

Examples:
  jam host http://192.168.1.20:8000/jam1 Music/*.flac --listen
  jam host ws://192.168.1.20:8000/ws/jam1 --seek 1:30
  jam host ws://192.168.1.20:8000/ws/jam1 --state --json
";

pub const PEER_HELP: &str = "\
Sends or fetches made-up chunks and says so for each, to try a network out. It keeps no file.

Usage: jam peer [OPTIONS] --seed
       jam peer [OPTIONS] --connect HOST:PORT...
       jam peer [OPTIONS] --tracker-ws URL

Options:
      --seed                 Have all chunks, and serve them until Ctrl-C
      --connect HOST:PORT... Fetch from these; the port may be left out if it is 9003
      --listen-port PORT     Where others fetch from [default: 9003 for a seed, else 9004, or a free
                             one if it is taken]; 0 takes a free one
      --num-chunks N         Chunks, the same number on all sides [default: 120]
      --chunk-size SIZE      A power of two from 1KiB to 4MiB, the same on all sides [default: 4096]
      --inflight N           Requests under way to each peer, 1 to 16 [default: as the network asks]
      --tracker-ws URL       Find the others in a room: ws://HOST:8000/ws/jam1
      --room NAME            That room, instead of the one in the URL
      --room-key KEY         The key to that room, if it has one [default: JAM_ROOM_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

Examples:
  jam peer --seed --listen-port 9003
  jam peer --connect 192.168.1.20:9003 --listen-port 9004
  jam peer --seed --num-chunks 2000 --chunk-size 64KiB --tracker-ws ws://192.168.1.20:8000/ws/jam1
";

pub const CHECK_HELP: &str = "\
Tells how the way to another machine is: whether it can be reached, how far it is and how fast.

Usage: jam check [OPTIONS] --listen-port PORT
       jam check [OPTIONS] HOST[:PORT]
       jam check [OPTIONS] --room URL

Options:
      --listen-port PORT     Wait here for the other side until Ctrl-C; 0 takes a free port
      --room URL             Check a room's server, and the nodes in the room
      --room-key KEY         The key to that room, if it has one [default: JAM_ROOM_KEY]
      --tls-ca FILE          Trust these (PEM) at wss:// [default: SSL_CERT_FILE, or the system's]
      --json                 Tell it as JSON on standard output
      --log LEVEL            error, warn, info, debug or trace [default: warn, or JAM_LOG]
  -h, --help                 This text

Without a port HOST is dialled at 9001.

Examples:
  jam check --listen-port 9001       on one machine
  jam check 192.168.1.20:9001        on the other
  jam check --room ws://192.168.1.20:8000/ws/jam1
";
