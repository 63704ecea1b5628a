//! `docs/nginx.conf` with a real nginx in front of the real binary: the page, a room, an upload and a download through it.

use crate::common::http::{put, read_response};
use crate::common::running::{Running, track_id, wav};
use crate::common::server::{Client, TRACK, TestServer, WATCHDOG, jam, run};
use crate::common::temp::TempFolder;
use crate::common::tls::{Certificate, ask};

use jam::cli::SERVER_HELP;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A running nginx, without rights and with files of its own. Ended when dropped.
struct Nginx {
    child: Child,
    plain: SocketAddr,
    encrypted: SocketAddr,
    _folder: TempFolder,
}

impl Nginx {
    fn before(server: &TestServer, certificate: &Certificate) -> Self {
        // A port that was free a moment ago may be somebody else's now.
        for _ in 0..20 {
            if let Some(nginx) = Self::try_before(server, certificate) {
                return nginx;
            }
        }
        panic!("nginx finds no free ports");
    }

    fn try_before(server: &TestServer, certificate: &Certificate) -> Option<Self> {
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [plain, encrypted] = free.map(|port| port.local_addr().expect("an address"));
        let folder = TempFolder::new();
        let site = site(server.address, plain, encrypted, certificate);
        let conf = folder.write("nginx.conf", main_conf(folder.path(), &site).as_bytes());
        let mut command = unprivileged("nginx", folder.path(), certificate);
        command
            .args(["-e", "stderr", "-p"])
            .arg(folder.path())
            .arg("-c")
            .arg(conf);
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("nginx: {error} (make test-setup installs it)");
        });
        let deadline = Instant::now() + WATCHDOG;
        while [plain, encrypted]
            .iter()
            .any(|address| TcpStream::connect(address).is_err())
        {
            if child.try_wait().expect("a child").is_some() {
                let mut why = String::new();
                let mut stderr = child.stderr.take().expect("a pipe");
                stderr.read_to_string(&mut why).expect("text");
                assert!(why.contains("Address already in use"), "{why}");
                return None;
            }
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Some(Self {
            child,
            plain,
            encrypted,
            _folder: folder,
        })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The documented configuration, with this machine's addresses and files in the places of the documented ones.
fn site(
    jam: SocketAddr,
    plain: SocketAddr,
    encrypted: SocketAddr,
    certificate: &Certificate,
) -> String {
    let mut site = fs::read_to_string("docs/nginx.conf").expect("the configuration");
    let folder = "/etc/letsencrypt/live/party.example.org";
    for (documented, here) in [
        ("server 127.0.0.1:8000;", format!("server {jam};")),
        ("listen 80;", format!("listen {plain};")),
        ("listen 443 ssl;", format!("listen {encrypted} ssl;")),
        // Not every machine has IPv6.
        ("listen [::]:80;", String::new()),
        ("listen [::]:443 ssl;", String::new()),
        (&format!("{folder}/fullchain.pem"), certificate.file()),
        (&format!("{folder}/privkey.pem"), certificate.key()),
    ] {
        assert_eq!(site.matches(documented).count(), 1, "{documented}");
        site = site.replace(documented, &here);
    }
    site
}

/// What a system's own nginx.conf has around it.
fn main_conf(folder: &Path, site: &str) -> String {
    let temps: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/{what};\n", folder.display()))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temps}{site}}}\n",
        folder.display()
    )
}

/// As nobody when the test itself may do anything.
fn unprivileged(program: &str, folder: &Path, certificate: &Certificate) -> Command {
    const NOBODY: &str = "65534";
    let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    let mut command = match is_root {
        false => Command::new(program),
        true => {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("a folder");
            let readable = fs::Permissions::from_mode(0o644);
            fs::set_permissions(certificate.key(), readable).expect("a key");
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid",
                NOBODY,
                "--regid",
                NOBODY,
                "--clear-groups",
                program,
            ]);
            command
        }
    };
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// `--trust-proxy` once there is one: then the room knows where its members are, behind a proxy as well.
fn trusts_proxies() -> bool {
    SERVER_HELP.contains("--trust-proxy")
}

fn server(arguments: &[&str]) -> TestServer {
    let mut all = arguments.to_vec();
    all.extend(trusts_proxies().then_some("--trust-proxy"));
    TestServer::start(&all)
}

#[test]
fn the_page_and_a_room_work_through_it() {
    let certificate = Certificate::new();
    let server = server(&[]);
    let nginx = Nginx::before(&server, &certificate);
    let mut plain = TcpStream::connect(nginx.plain).expect("nginx listens");
    plain
        .write_all(b"GET /jam1 HTTP/1.1\r\nHost: party.example.org\r\n\r\n")
        .expect("sent");
    let sent_away = read_response(&mut plain);
    assert_eq!(sent_away.status, 308, "{}", sent_away.head);
    assert_eq!(
        sent_away.field("Location"),
        Some("https://party.example.org/jam1")
    );

    let page = certificate.get(nginx.encrypted, "/jam1");
    assert_eq!(page.status, 200, "{}", page.head);
    assert!(
        page.field("Content-Security-Policy").is_some(),
        "{}",
        page.head
    );
    let mut host = certificate.join(nginx.encrypted, "a", r#""role":"host""#);
    let (mut guest, _) = Client::join(&server, "a", "viewer");
    for number in 0..100 {
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":"{number}","offset_sec":0,"timestamp":0}}"#
        ));
        let heard = guest.hear_next("STATE")["payload"]["track_id"].to_string();
        assert_eq!(heard, format!("\"{number}\""));
    }
    // And the other way, also large ones.
    guest.say(r#"{"type":"NONSENSE"}"#);
    guest.hear_next("ERROR");
    host.say(r#"{"type":"CLOCK","t0":1}"#);
    host.hear_next("CLOCK");
    if trusts_proxies() {
        host.say(r#"{"type":"ANNOUNCE","room":"a","port":0}"#);
        host.hear_next("PEERS");
        guest.say(r#"{"type":"ANNOUNCE","room":"a","port":0}"#);
        assert_eq!(guest.hear_next("PEERS")["peers"][0]["ip"], "127.0.0.1");
    }
    server.signal("TERM");
    assert_eq!(host.hear_close().0, 1001);
}

#[test]
fn an_upload_and_a_part_of_a_download_pass_through_it_with_the_same_bytes() {
    let certificate = Certificate::new();
    let server = server(&[]);
    let nginx = Nginx::before(&server, &certificate);
    let hello = r#""role":"host","display_name":"Ana","wants":["WELCOME"]"#;
    let url = "ws://localhost/ws/a";
    let socket = certificate.connect(nginx.encrypted);
    let (socket, _) = tungstenite::client(url, socket).expect("the upgrade is granted");
    let mut host = Client(socket);
    host.say(&format!(r#"{{"type":"HELLO",{hello}}}"#));
    let welcome = host.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a host has a key");
    let bytes = wav(1, 12_000_000);
    let mut socket = certificate.connect(nginx.encrypted);
    let fields = format!("Authorization: Bearer {key}\r\n");
    let stored = put(&mut socket, "/tracks?name=song.wav&room=a", &fields, &bytes);
    assert_eq!(stored.status, 201, "{}", stored.text());
    assert_eq!(stored.json()["track_id"], track_id(&bytes));

    let path = format!("/tracks/{}", track_id(&bytes));
    ask(&mut socket, &path);
    assert!(
        read_response(&mut socket).body == bytes,
        "other bytes came back"
    );
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1000-7999999\r\n\r\n");
    socket.write_all(head.as_bytes()).expect("sent");
    let part = read_response(&mut socket);
    assert_eq!(part.status, 206, "{}", part.head);
    assert!(part.body == bytes[1000..8_000_000], "other bytes came back");
}

#[test]
fn commands_of_jam_look_upload_control_and_listen_through_it() {
    let certificate = Certificate::new();
    let server = server(&[]);
    let nginx = Nginx::before(&server, &certificate);
    let (ca, port) = (certificate.file(), nginx.encrypted.port());
    let room = format!("https://localhost:{port}/a");
    let program = env!("CARGO_BIN_EXE_jam");
    let host = |action: &[&str]| {
        let to = ["host", &room, "--tls-ca", &ca];
        run(program, &[&to[..], action].concat())
    };
    let large = certificate.write("large.wav", &wav(1, 12_000_000));
    host(&["--add", &large, TRACK]);
    let playing = host(&["--play", "2"]);
    assert!(playing.contains("prelude5.wav"), "{playing}");
    // The second finds no node that has the track, and asks the server for it.
    let listeners = [vec!["--no-fetch", "--name", "Box"], vec!["--name", "Node"]].map(|more| {
        let mut listen = jam(&["listen", &room, "--tls-ca", &ca, "--json"]);
        listen.args(["--device", "null"]).args(more);
        Running::start(listen)
    });
    for listener in &listeners {
        listener.wait_for_event("it knows the time", |event| {
            event["clock_ms"].is_number().then_some(())
        });
    }
    let members = host(&["--members"]);
    assert!(
        members.contains("Box") && members.contains("Node"),
        "{members}"
    );
    host(&["--play", "1"]);
    for listener in &listeners {
        listener.wait_for_event("it plays", |event| {
            let plays = event["status"] == "playing" && event["error_ms"].is_number();
            (plays && event["name"] == "large.wav").then_some(())
        });
    }
}

#[test]
fn who_comes_to_it_plainly_is_told_to_come_by_tls() {
    let certificate = Certificate::new();
    let server = server(&[]);
    let nginx = Nginx::before(&server, &certificate);
    // A redirect, and the port of TLS itself.
    for address in [nginx.plain, nginx.encrypted] {
        for action in ["--state", "--pause"] {
            let room = format!("http://{address}/a");
            let output = jam(&["host", &room, action]).output().expect("jam runs");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            let advice = "the server wants TLS (begin the address with wss:// or https://)";
            assert!(stderr.contains(advice), "{stderr}");
        }
    }
}
