//! What a hunt begins with: the examples of `testdata`, in the shape that each target reads.

use crate::targets::TARGETS;
use std::fs;
use std::path::{Path, PathBuf};

struct Seeds {
    testdata: PathBuf,
    folder: PathBuf,
    written: usize,
}

/// Makes `folder/TARGET/...` for every target.
///
/// # Panics
/// When a file cannot be read or written, or a target has no seeds.
pub fn write(testdata: &Path, folder: &Path) {
    let mut seeds = Seeds {
        testdata: testdata.to_owned(),
        folder: folder.to_owned(),
        written: 0,
    };
    seeds.http();
    seeds.messages();
    seeds.frames();
    seeds.files();
    seeds.doors();
    seeds.made_up();
    for target in TARGETS {
        let seeds = fs::read_dir(folder.join(target.name)).into_iter();
        assert!(seeds.flatten().count() > 0, "no seeds for {}", target.name);
    }
}

impl Seeds {
    fn write(&mut self, target: &str, bytes: &[u8]) {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).expect("a folder for the seeds");
        self.written += 1;
        let path = folder.join(format!("seed-{:04}", self.written));
        fs::write(path, bytes).expect("a seed");
    }

    fn files_of(&self, folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.testdata.join(folder)).expect("a folder of testdata");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        paths
    }

    fn lines_of(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.testdata.join(file)).expect("a file of testdata");
        text.lines().map(String::from).collect()
    }

    fn http(&mut self) {
        for path in self.files_of("http") {
            self.write("http_head", &fs::read(path).expect("an example"));
        }
        for fields in [
            "\n\nbytes=0-",
            "\n\nbytes=100-199",
            "\n\nbytes=-500",
            "\n\"c34b4ce1\"\nbytes=5-",
            "W/\"c34b4ce1\", \"x\"\n\n",
            "*\n\nitems=1-2",
        ] {
            for length in [0_u64, 1, 1000, u64::MAX] {
                let seed = [&length.to_be_bytes(), fields.as_bytes()].concat();
                self.write("range", &seed);
            }
        }
    }

    /// What tells who asks: proxies, browsers, links.
    fn doors(&mut self) {
        for fields in [
            "10.0.0.9",
            "1.2.3.4, 10.0.0.9:4711",
            "garbage\n5.6.7.8,\t[fd00::9]:80",
            "[::ffff:10.0.0.9]",
            "fe80::1",
            "unknown",
        ] {
            self.write("forwarded", fields.as_bytes());
        }
        for (origin, host) in [
            ("http://10.0.0.2:8000", "10.0.0.2:8000"),
            ("HTTPS://Party.example:443", "party.example"),
            ("http://[FD00::2]", "[fd00::2]:80"),
            ("http://party.example@evil.example", "evil.example"),
            ("null", "party.example"),
        ] {
            self.write("origin", format!("{origin}\n{host}").as_bytes());
        }
        for key in [
            "plum%20jam",
            "Gr%C3%BC%c3%9Fe",
            "a+b&c=d",
            "%4",
            "%00",
            "plum",
        ] {
            self.write("key", key.as_bytes());
        }
    }

    fn messages(&mut self) {
        let said = self.lines_of("messages/client.jsonl");
        for line in &said {
            self.write("room_message", line.as_bytes());
        }
        for line in self.lines_of("messages/refused.jsonl") {
            let line: serde_json::Value = serde_json::from_str(&line).expect("an example");
            if let Some(sent) = line.get("send").and_then(serde_json::Value::as_str) {
                self.write("room_message", sent.as_bytes());
            }
        }
        for line in self.lines_of("messages/server.jsonl") {
            self.write("server_message", line.as_bytes());
        }
        // Everything that clients say, by each member, with a second after each.
        for member in 0..3 {
            for some in said.chunks(12) {
                let lines = some.iter().map(|line| format!("{member}{line}\n\x0a\n"));
                self.write("room_session", lines.collect::<String>().as_bytes());
            }
        }
    }

    fn frames(&mut self) {
        for path in self.files_of("frames") {
            let text = fs::read_to_string(path).expect("an example");
            let digits = text.lines().filter(|line| !line.starts_with('#'));
            let bytes: Vec<u8> = digits
                .flat_map(str::split_whitespace)
                .map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal"))
                .collect();
            self.write("swarm_frame", &bytes[4..]);
        }
        let kinds = [
            (0x40, 5),
            (0x41, 64),
            (0x42, 4),
            (0x43, 100),
            (0x44, 32),
            (0x45, 40),
            (0x46, 4),
            (0x47, 21),
        ];
        for (kind, bytes) in kinds {
            self.write("check_frame", &[vec![kind], vec![0; bytes]].concat());
        }
    }

    fn files(&mut self) {
        for path in self.files_of("tags") {
            let target = match path.extension().and_then(|extension| extension.to_str()) {
                Some("mp3" | "aac") => "tags_mpeg",
                Some("m4a") => "tags_mp4",
                Some("ogg" | "opus") => "tags_ogg",
                Some("flac") => "tags_flac",
                Some("wav") => "tags_wav",
                _ => continue,
            };
            let mut bytes = fs::read(Path::new(&path)).expect("an example");
            bytes.truncate(16 << 10);
            self.write(target, &bytes);
        }
    }

    /// What there are no examples of.
    fn made_up(&mut self) {
        for (log2, length) in [
            (0, 1),
            (0, 1024),
            (0, 3000),
            (1, 5000),
            (3, 9000),
            (12, 2049),
        ] {
            let track: Vec<u8> = (0..length).map(|at: u32| at as u8).collect();
            self.write("manifest", &[&[log2, 0], track.as_slice()].concat());
            let changed = [&[log2, 1, 0, 40, 1], track.as_slice()].concat();
            self.write("manifest", &changed);
        }
        for line in [
            r#"{"request_id":7,"error":"success","data":12.5}"#,
            r#"{"request_id":7,"error":"success","data":{"playlist_entry_id":3}}"#,
            r#"{"request_id":7,"error":"property unavailable"}"#,
            r#"{"event":"start-file","playlist_entry_id":3}"#,
            r#"{"event":"playback-restart"}"#,
            r#"{"event":"end-file","reason":"error","playlist_entry_id":3,"file_error":"no such file"}"#,
        ] {
            self.write("mpv_lines", format!("\x07{line}\n{line}\n").as_bytes());
        }
        for (first, payload) in [
            (0x81, "{}"),
            (0x01, "a"),
            (0x80, "b"),
            (0x89, "x"),
            (0x88, "\x03\u{e8}"),
        ] {
            let mut frame = vec![9, first, 0x80 | payload.len() as u8, 1, 2, 3, 4];
            let masked = payload
                .bytes()
                .zip([1, 2, 3, 4])
                .map(|(byte, mask)| byte ^ mask);
            frame.extend(masked);
            self.write("websocket", &frame);
            self.write("frame_watch", &frame);
        }
        for line in self.lines_of("../docs/PROTOCOL.md") {
            if !line.starts_with(r#"{"jam_state""#) {
                continue;
            }
            for kind in ["\0", "\x01", "\x02", "\x03"] {
                self.write("state_file", format!("{kind}{line}\n").as_bytes());
            }
        }
        for name in [
            "song.flac",
            "../../x",
            ".hidden",
            "a/b\\c",
            "CON",
            "💿 (2).mp3",
            "\u{202e}3pm.x",
        ] {
            self.write("file_name", name.as_bytes());
        }
    }
}
