//! Machines on a network of their own: network namespaces joined by a bridge, in a user namespace where root may do
//! anything. All of it is gone when the lab is dropped and its programs have ended.
//!
//! ```text
//!   a        b        server ...   hosts, each a network namespace with eth0
//!   |        |        |
//!   p-a------p-b------p-server     ports of the bridge `net`, in the lab's own namespace
//! ```

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};

pub struct Lab {
    keeper: Child,
    /// When this is closed the keeper ends.
    _stdin: ChildStdin,
}

const NEEDED: &str = "networks of their own need ip, tc, nft, unshare and nsenter (apt-get install iproute2 nftables \
                      util-linux) and the right to make them (run the tests as root, or allow unprivileged user namespaces)";

fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

impl Lab {
    /// Hosts with these names and IPv4 addresses, all on one network.
    pub fn new(hosts: &[(&str, &str)]) -> Self {
        let script = "set -eu
            for tool in ip tc nft nsenter bash; do
                command -v $tool >&2 || { echo $tool is missing >&2; exit 1; }
            done
            mount -t tmpfs lab /run
            ip link set lo up
            ip link add name net type bridge mcast_snooping 0 forward_delay 0
            ip link set net up
            echo ready
            exec cat";
        let mut keeper = tool("unshare")
            .args(["--map-root-user", "--net", "--mount", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("unshare: {error}; {NEEDED}"));
        let mut ready = String::new();
        let stdout = keeper.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("read");
        if ready != "ready\n" {
            let mut why = String::new();
            let _whatever = keeper
                .stderr
                .take()
                .expect("a pipe")
                .read_to_string(&mut why);
            let _ended = keeper.wait();
            panic!("no network of its own: {why}; {NEEDED}");
        }
        let lab = Self {
            _stdin: keeper.stdin.take().expect("a pipe"),
            keeper,
        };
        let mut script = String::new();
        for (name, address) in hosts {
            script += &format!(
                "ip netns add {name}
                ip link add name p-{name} type veth peer name eth0 netns {name}
                ip link set p-{name} master net up
                ip -n {name} link set lo up
                ip -n {name} addr add {address}/24 brd + dev eth0
                ip -n {name} link set eth0 up\n"
            );
        }
        lab.sh(&script);
        lab
    }

    /// A program in the lab, beside the bridge.
    pub fn command(&self, program: &str) -> Command {
        let mut command = tool("nsenter");
        let keeper = self.keeper.id().to_string();
        command
            .args([
                "--target",
                &keeper,
                "--user",
                "--preserve-credentials",
                "--net",
                "--mount",
                "--",
                program,
            ])
            .stdin(Stdio::null());
        command
    }

    /// A program on one of the hosts.
    pub fn on(&self, host: &str, program: &str) -> Command {
        let mut command = self.command("ip");
        command.args(["netns", "exec", host, program]);
        command
    }

    /// `jam` on one of the hosts, with its output caught.
    pub fn jam(&self, host: &str, arguments: &[&str]) -> Command {
        let mut command = self.on(host, env!("CARGO_BIN_EXE_jam"));
        command
            .args(arguments)
            .env_remove("JAM_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a script in the lab to its end; what it printed.
    pub fn sh(&self, script: &str) -> String {
        let mut command = self.command("sh");
        let output = command.args(["-euc", script]).output().expect("nsenter");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {stderr}; {NEEDED}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// From now on nobody on the network can connect to `host`; what it begins itself works.
    pub fn wall_off(&self, host: &str) {
        self.sh(&format!(
            "ip netns exec {host} nft -f - <<'END'
table inet wall {{
  counter knocks {{ }}
  chain in {{
    type filter hook input priority 0
    iifname eth0 tcp flags & (syn | ack) == syn counter name knocks drop
  }}
}}
END"
        ));
    }

    /// Packets that tried to begin a connection to a host that is walled off.
    pub fn knocks(&self, host: &str) -> u64 {
        let listed = self.sh(&format!(
            "ip netns exec {host} nft list counter inet wall knocks"
        ));
        let mut words = listed
            .split_whitespace()
            .skip_while(|word| *word != "packets");
        let count = words.nth(1).and_then(|count| count.parse().ok());
        count.unwrap_or_else(|| panic!("{listed}"))
    }

    /// What a host sends leaves it at this rate.
    pub fn slow_down(&self, host: &str, mbit: f64) {
        let burst = 16_384.max((mbit * 1e6 / 8.0 * 0.0025) as u64);
        let bits = (mbit * 1e6) as u64;
        self.sh(&format!(
            "tc -n {host} qdisc replace dev eth0 root tbf rate {bits}bit burst {burst} latency 50ms"
        ));
    }

    /// Nothing passes between these hosts and all others.
    pub fn part(&self, hosts: &[&str]) {
        let set = hosts.iter().map(|host| format!("p-{host}"));
        let set = set.collect::<Vec<_>>().join(", ");
        self.sh(&format!(
            "nft -f - <<'END'
table bridge part {{
  chain forward {{
    type filter hook forward priority 0
    iifname {{ {set} }} oifname != {{ {set} }} drop
    iifname != {{ {set} }} oifname {{ {set} }} drop
  }}
}}
END"
        ));
    }

    pub fn heal(&self) {
        self.sh("nft delete table bridge part");
    }

    /// A port of this process behind which an address of the lab is, as seen from `host`.
    pub fn door(&self, host: &str, address: &str) -> SocketAddr {
        let (ip, port) = address.rsplit_once(':').expect("an address and a port");
        let script = format!("exec 3<>/dev/tcp/{ip}/{port}; cat <&3 & exec cat >&3");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let door = listener.local_addr().expect("an address");
        let mut command = self.on(host, "bash");
        command
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        std::thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let mut child = command.spawn().expect("bash");
                let stdin = child.stdin.take().expect("a pipe");
                let stdout = child.stdout.take().expect("a pipe");
                let back = visitor.try_clone().expect("a socket");
                std::thread::spawn(move || copy(visitor, stdin));
                std::thread::spawn(move || {
                    copy(stdout, back);
                    let _ended = child.kill();
                    let _reaped = child.wait();
                });
            }
        });
        door
    }
}

/// Until there is no more on this side; then the other side is told.
fn copy(mut from: impl Read, mut to: impl Write + Shut) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to
            .write_all(&buffer[..count])
            .and_then(|()| to.flush())
            .is_err()
        {
            break;
        }
    }
    to.shut();
}

trait Shut {
    fn shut(&self) {}
}

impl Shut for ChildStdin {}

impl Shut for TcpStream {
    fn shut(&self) {
        let _gone = self.shutdown(std::net::Shutdown::Both);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ended = self.keeper.kill();
        let _reaped = self.keeper.wait();
    }
}
