"""Proxies that Debian does not have: each is started if a variable says where its program is.

The settings are written from the programs' documentation. Nothing here checks that they are the best
ones.
"""

import json

LISTENERS = ["echo", "source", "fin", "http", "https"]


def envoy(program, words):
    """`TIDEGATE_BENCH_ENVOY`."""
    clusters = [envoy_cluster(name, words[f"to_{name}"]) for name in ["echo", "source", "fin", "http"]]
    listeners = [envoy_listener(name, words) for name in LISTENERS]
    settings = {"static_resources": {"listeners": listeners, "clusters": clusters}}
    file = words["folder"] / "envoy.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]


def envoy_address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def envoy_cluster(name, port):
    endpoint = {"endpoint": {"address": envoy_address(port)}}
    unlimited = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [unlimited]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def envoy_listener(name, words):
    kind = "type.googleapis.com/envoy.extensions."
    if name.startswith("http"):
        route = {"match": {"prefix": "/"}, "route": {"cluster": "http"}}
        router = {"@type": kind + "filters.http.router.v3.Router"}
        settings = {
            "@type": kind + "filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "codec_type": "HTTP1",
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        }
        chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager"}]}
    else:
        settings = {
            "@type": kind + "filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": name,
            "cluster": name,
        }
        chain = {"filters": [{"name": "envoy.filters.network.tcp_proxy"}]}
    chain["filters"][0]["typed_config"] = settings
    if name == "https":
        files = {
            "certificate_chain": {"filename": str(words["cert"])},
            "private_key": {"filename": str(words["key"])},
        }
        context = {
            "@type": kind + "transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [files], "alpn_protocols": ["http/1.1"]},
        }
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    return {"name": name, "address": envoy_address(words[name]), "filter_chains": [chain]}


SOZU = """
command_socket = "{folder}/sozu.sock"
log_level = "error"
log_target = "stdout"
worker_count = 1
worker_automatic_restart = false
activate_listeners = true
max_connections = 30000
min_buffers = 1
max_buffers = 60000
buffer_size = 16393

[[listeners]]
protocol = "http"
address = "127.0.0.1:{http}"

[[listeners]]
protocol = "https"
address = "127.0.0.1:{https}"
tls_versions = ["TLS_V13"]

[clusters.web]
protocol = "http"
frontends = [
  {{ address = "127.0.0.1:{http}", hostname = "localhost" }},
  {{ address = "127.0.0.1:{https}", hostname = "localhost", certificate = "{cert}", key = "{key}", certificate_chain = "{cert}" }},
]
backends = [{{ address = "127.0.0.1:{to_http}" }}]
"""

SOZU_RELAY = """
[[listeners]]
protocol = "tcp"
address = "127.0.0.1:{port}"

[clusters.{name}]
protocol = "tcp"
frontends = [{{ address = "127.0.0.1:{port}" }}]
backends = [{{ address = "127.0.0.1:{to}" }}]
"""


def sozu(program, words):
    """`TIDEGATE_BENCH_SOZU`."""
    text = SOZU.format(**words)
    for name in ["echo", "source", "fin"]:
        text += SOZU_RELAY.format(name=name, port=words[name], to=words[f"to_{name}"])
    file = words["folder"] / "sozu.toml"
    file.write_text(text, encoding="utf-8")
    return [program, "start", "-c", file]


def pingora(program, words):
    """`TIDEGATE_BENCH_PINGORA`: Pingora is a library, so this is a program of your own, which takes
    HTTP, HTTPS (with this certificate), and the origin to forward to, and uses one thread."""
    addresses = [f"127.0.0.1:{words[name]}" for name in ["http", "https", "to_http"]]
    return [program, *addresses, words["cert"], words["key"]]
