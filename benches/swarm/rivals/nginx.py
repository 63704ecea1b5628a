"""nginx and curl: everyone downloads from the one server and hashes the file, as one does with a download."""

import shlex

from rivals.base import Rival

PORT = 8080
# One process, so that its processor time is all there is; sendfile and no log, as one would set it.
CONFIG = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen {address}:{port}; root {root}; }}
}}
"""


class Nginx(Rival):
    """The plain way. `sha256sum` runs after the download, and counts."""

    name = "nginx + curl + sha256sum"
    about = "all download from the one server, then hash the file"
    program = "nginx"

    def start_seed(self, job):
        config = job.folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=job.home(0), address=job.network.address(0), port=PORT,
                                        root=job.file.parent), encoding="utf-8")
        seed = job.start(0, "nginx", ["nginx", "-c", config, "-e", "stderr"])
        knock = f"until curl -sfI -o /dev/null {self.url(job)}; do sleep 0.02; done; echo ready"
        knocking = job.start(0, "knock", ["sh", "-c", knock])
        job.children.wait_for(knocking, lambda line: line == "ready", 10, "nginx")
        return seed

    def url(self, job):
        """Where the file is."""
        return f"http://{job.network.address(0)}:{PORT}/{job.file.name}"

    def start_leecher(self, job, node):
        target = shlex.quote(str(self.received(job, node)))
        script = f"curl -sSf -o {target} {self.url(job)} && sha256sum {target}"
        return job.start(node, "curl", ["sh", "-c", script])

    def is_done(self, child, line):
        return line is None and child.ends() and child.exit_code == 0
