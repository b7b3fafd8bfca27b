"""The proxies: where each is found, what it is given to read, and how it is started.

Each listens at the same five places, with one thread: `echo`, `source` and `fin` are relays of TCP
to the origins of these names, `http` and `https` forward to the origin `http`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from . import machine, others

LISTENERS = ["echo", "source", "fin", "http", "https"]
STREAM_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")

HAPROXY = """
global
    nbthread 1
    maxconn {conns}
    maxpipes 128
    tune.pool-low-fd-ratio 90
    tune.pool-high-fd-ratio 95
    {tuning}
defaults
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
    {options}
listen echo
    mode tcp
    bind 127.0.0.1:{echo}
    server origin 127.0.0.1:{to_echo}
listen source
    mode tcp
    bind 127.0.0.1:{source}
    server origin 127.0.0.1:{to_source}
listen fin
    mode tcp
    bind 127.0.0.1:{fin}
    server origin 127.0.0.1:{to_fin}
listen http
    mode http
    bind 127.0.0.1:{http}
    server origin 127.0.0.1:{to_http}
listen https
    mode http
    bind 127.0.0.1:{https} ssl crt {pem} alpn http/1.1
    server origin 127.0.0.1:{to_http}
"""

NGINX = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
load_module {module};
events {{ worker_connections 65536; }}
stream {{
    proxy_half_close on;
    server {{ listen 127.0.0.1:{echo} backlog=4096; proxy_pass 127.0.0.1:{to_echo}; }}
    server {{ listen 127.0.0.1:{source} backlog=4096; proxy_pass 127.0.0.1:{to_source}; }}
    server {{ listen 127.0.0.1:{fin} backlog=4096; proxy_pass 127.0.0.1:{to_fin}; }}
}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_timeout 60s;
    keepalive_requests 1000000000;
    proxy_max_temp_file_size 0;
    ssl_protocols TLSv1.3;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    upstream origin {{
        server 127.0.0.1:{to_http};
        keepalive 8192;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{http} backlog=4096;
        listen 127.0.0.1:{https} ssl backlog=4096;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

# Nobody here writes a line a request.
TIDEGATE = """
defaults = "2026"
workers = 1

[log]
requests = false
"""

TIDEGATE_LISTENER = """
[[listener]]
name = "{name}"
bind = ["127.0.0.1:{port}"]
to = "{to}"
{rest}
"""

TIDEGATE_CLUSTER = """
[[cluster]]
name = "{name}"
endpoints = ["127.0.0.1:{port}"]
"""


class Site:
    """What all proxies share: a folder, a certificate, and where the origins are."""

    def __init__(self, folder, origins):
        self.folder = folder
        self.origins = origins
        self.pem, self.cert, self.key = (folder / name for name in ["both.pem", "cert.pem", "key.pem"])
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
            + ["-keyout", self.key, "-out", self.cert],
            check=True,
            capture_output=True,
        )
        self.pem.write_bytes(self.cert.read_bytes() + self.key.read_bytes())


class Proxy:
    """A kind of proxy. `start` runs one."""

    def __init__(self, name, program, version, command, listeners=LISTENERS):
        self.name = name
        self.program = program
        self.version = version
        self.command = command
        self.listeners = listeners
        self.process = None
        self.ports = {}

    def start(self, site):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=site.folder))
        folder.chmod(0o755)
        self.ports = dict(zip(LISTENERS, machine.free_ports(len(LISTENERS))))
        words = dict(self.ports, pem=site.pem, cert=site.cert, key=site.key, folder=folder)
        words.update({f"to_{name}": port for name, port in site.origins.items()})
        words.update(files=machine.files(), conns=(machine.files() - 500) // 2, module=STREAM_MODULE)
        log = folder / "log"
        self.process = machine.Process(self.command(self.program, words), machine.PROXY_CORE, log)
        try:
            # Nobody listens behind `fin` yet, but the proxy does before it.
            ports = [self.ports[name] for name in self.listeners]
            machine.wait_for(self.process, ports, self.name, log)
        except BaseException:
            self.process.end()
            raise
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()


def configured(file, text, words):
    path = words["folder"] / file
    path.write_text(text.format(**words), encoding="utf-8")
    return path


def haproxy(tuning="", options=""):
    def command(program, words):
        words = dict(words, tuning=tuning, options=options)
        return [program, "-db", "-f", configured("haproxy.cfg", HAPROXY, words)]

    return command


def nginx(program, words):
    return [program, "-c", configured("nginx.conf", NGINX, words), "-p", words["folder"]]


def tidegate(program, words):
    text = TIDEGATE
    for name in LISTENERS:
        rest = 'kind = "tcp"' if name in ["echo", "source", "fin"] else ""
        if name == "https":
            rest = f'tls = {{ cert = "{words["cert"]}", key = "{words["key"]}" }}'
        to = "http" if name == "https" else name
        text += TIDEGATE_LISTENER.format(name=name, port=words[name], to=to, rest=rest)
    for name in ["echo", "source", "fin", "http"]:
        text += TIDEGATE_CLUSTER.format(name=name, port=words[f"to_{name}"])
    file = words["folder"] / "tidegate.toml"
    file.write_text(text, encoding="utf-8")
    return [program, "-c", file]


def version(command):
    """The first thing that looks like a version in what a program says of itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+[\w.+~-]*", done.stdout + done.stderr)
    return found.group(0) if found else ""


def known(tidegate_program, plain=None):
    """Every proxy that can be started here, and a list of what is lacking. `plain` is the same Tidegate
    as cargo builds it."""
    found, lacks = [], []

    def add(name, program, flag, command, listeners=LISTENERS):
        found.append(Proxy(name, program, version([program, flag]), command, listeners))

    add("tidegate", tidegate_program, "--version", tidegate)
    if plain:
        add("tidegate-plain", plain, "--version", tidegate)
    program = shutil.which("haproxy")
    if program:
        splice, relays = "option splice-response", ["source", "http"]
        add("haproxy", program, "-v", haproxy())
        add("haproxy-splice", program, "-v", haproxy("", splice), relays)
        add("haproxy-splice-256k", program, "-v", haproxy("tune.pipesize 262144", splice), relays)
    else:
        lacks.append("haproxy: Debian package haproxy")
    program = shutil.which("nginx")
    if program and STREAM_MODULE.exists():
        add("nginx", program, "-v", nginx)
    else:
        lacks.append("nginx: Debian packages nginx-light and libnginx-mod-stream")
    for name, variable, flag, command in [
        ("tidegate-b", "TIDEGATE_B", "--version", tidegate),
        ("haproxy-lc", "HAPROXY", "-v", haproxy()),
        ("envoy", "ENVOY", "--version", others.envoy),
        ("sozu", "SOZU", "--version", others.sozu),
    ]:
        program = os.environ.get(f"TIDEGATE_BENCH_{variable}")
        if program:
            add(name, program, flag, command)
    program = os.environ.get("TIDEGATE_BENCH_PINGORA")
    if program:
        add("pingora", program, "--version", others.pingora, ["http", "https"])
    return found, lacks
