//! A `jam server` with a small disk of its own: a file system in memory that nobody else sees, and that ends with it.

use super::server::{TestServer, run};
use super::temp::TempFolder;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PAGE_BYTES: u64 = 4096;

pub struct DiskServer {
    pub server: TestServer,
    /// The disk as this process sees it.
    pub inside: PathBuf,
    disk: TempFolder,
}

impl DiskServer {
    /// `options` are tmpfs's; in the arguments `DISK` stands for where the disk is.
    pub fn start(options: &str, arguments: &str) -> Self {
        let disk = TempFolder::new();
        let path = disk.path().to_str().expect("text");
        let arguments = arguments.replace("DISK", path);
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs {path} && exec {} server --listen 127.0.0.1:0 {arguments}",
            env!("CARGO_BIN_EXE_jam")
        );
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("JAM_LOG").process_group(0);
        let server = TestServer::start_command(command);
        Self {
            inside: format!("/proc/{}/root{path}", server.pid()).into(),
            server,
            disk,
        }
    }

    /// Takes up what is free but for so many pages.
    pub fn leave_pages(&self, pages: u64) {
        self.make_room();
        let path = self.inside.join("filler");
        let mut filler = File::create(&path).expect("a filler");
        while filler.write(&[1; PAGE_BYTES as usize]).is_ok() {}
        let bytes = filler.metadata().expect("a file").len();
        let left = bytes.saturating_sub(pages * PAGE_BYTES);
        filler.set_len(left).expect("shorter");
    }

    /// The disk takes so many more files, however small.
    pub fn leave_files(&self, files: usize) {
        self.make_room();
        let folder = self.inside.join("fillers");
        fs::create_dir(&folder).expect("a folder");
        let path = |number: usize| folder.join(number.to_string());
        let made = (0..).take_while(|&number| File::create(path(number)).is_ok());
        for number in 0..files.min(made.count()) {
            fs::remove_file(path(number)).expect("removed");
        }
    }

    /// Undoes both.
    pub fn make_room(&self) {
        let _none = fs::remove_file(self.inside.join("filler"));
        let _none = fs::remove_dir_all(self.inside.join("fillers"));
    }

    /// From now on the disk can only be read.
    pub fn forbid_writing(&self) {
        self.mount("mount --bind $1 $1 && mount -o remount,bind,ro $1");
    }

    pub fn allow_writing(&self) {
        self.mount("umount $1");
    }

    fn mount(&self, script: &str) {
        let (pid, path) = (self.server.pid(), self.disk.path());
        let within = ["--user", "--preserve-credentials", "--mount"];
        let mut arguments = vec!["--target", &pid];
        arguments.extend(within);
        arguments.extend(["sh", "-euc", script, "sh"]);
        arguments.push(path.to_str().expect("text"));
        run("nsenter", &arguments);
    }
}
