"""nginx: one process, upstream connections kept. It speaks HTTP/1.1 to upstreams, HTTP/2 only with grpc_pass.

Without a master, because a worker outlives a master that is killed; it costs the same and has half of the memory.
"""

import glob
import os
import subprocess

from peers import Cannot, Peer
from place import HOST, NAME

MODULES = "/usr/lib/nginx/modules/ngx_stream_module.so"
_MAIN = """\
{modules}
{user}
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
"""
_HTTP = """\
http {{
  access_log {log};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_timeout 10m; keepalive_requests 1000000000; tcp_nodelay on; server_tokens off;
  http2_max_concurrent_streams 256;
{inside}
}}
"""
_TLS_FRONT = """\
    ssl_certificate {0.certificate}; ssl_certificate_key {0.key}; ssl_client_certificate {0.root};
    ssl_verify_client on; ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
"""
_TLS_BACK = """\
    {1}_ssl_certificate {0.certificate}; {1}_ssl_certificate_key {0.key}; {1}_ssl_trusted_certificate {0.root};
    {1}_ssl_verify on; {1}_ssl_name {2}; {1}_ssl_protocols TLSv1.3;
    {1}_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
"""


def main_block(place, folder, connections, stream=False):
    """What every nginx here begins with, the origins too."""
    for name in ("", "body", "proxy"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    modules = f"load_module {MODULES};" if stream else ""
    return _MAIN.format(modules=modules, user="user root;" if os.geteuid() == 0 else "", folder=folder,
                        files=place.files, connections=connections)


def http_block(folder, inside, log="off"):
    return _HTTP.format(folder=folder, inside=inside, log=log)


def command(config, folder):
    return ["nginx", "-e", "stderr", "-p", folder, "-c", config]


class Nginx(Peer):
    name = "nginx"
    link = "h1"

    def refuse(self, path):
        if path.front == "tcp" and not glob.glob(MODULES):
            raise Cannot("its stream module is not installed")
        if path.back == "h2" and not path.grpc:
            raise Cannot("it has no HTTP/2 to upstreams, but for gRPC")

    def start(self, place, leg):
        folder = os.path.join(place.folder, f"nginx-{leg.listen}")
        text = main_block(place, folder, min(10000, place.files), leg.is_tcp)
        text += _stream(place, leg) if leg.is_tcp else http_block(folder, _http(place, leg), _log(folder, leg))
        config = place.write(f"nginx-{leg.listen}.conf", text)
        return place.start_proxy("nginx", command(config, folder), leg.listen)

    def version(self):
        text = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
        return text.strip().rpartition("/")[2]


def _log(folder, leg):
    return f"{folder}/access.log combined buffer=64k flush=1s" if leg.access_log else "off"


def _tls_front(place, leg):
    return _TLS_FRONT.format(place.server) if leg.takes_tls else ""


def _tls_back(place, leg, prefix):
    return _TLS_BACK.format(place.client, prefix, NAME) if leg.gives_tls else ""


def _http(place, leg):
    front = " ssl" if leg.takes_tls else ""
    front += " http2" if leg.front == "h2" or leg.grpc else ""
    if leg.grpc:
        inside = f"grpc_pass {'grpcs' if leg.gives_tls else 'grpc'}://origin; {_tls_back(place, leg, 'grpc')}"
    else:
        inside = f"proxy_pass {'https' if leg.gives_tls else 'http'}://origin; proxy_http_version 1.1;"
        inside += f' proxy_set_header Connection ""; {_tls_back(place, leg, "proxy")}'
    return (f"  upstream origin {{ server {HOST}:{leg.target}; keepalive 256; keepalive_requests 1000000000;"
            f" keepalive_timeout 10m; }}\n"
            f"  server {{ listen {HOST}:{leg.listen}{front} backlog=4096;\n{_tls_front(place, leg)}\n"
            f"    location / {{ {inside} }}\n  }}")


def _stream(place, leg):
    front = " ssl" if leg.takes_tls else ""
    inside = _tls_front(place, leg)
    if leg.gives_tls:
        inside += f"    proxy_ssl on;\n{_tls_back(place, leg, 'proxy')}"
    return (f"stream {{ server {{ listen {HOST}:{leg.listen}{front} backlog=4096;\n{inside}\n"
            f"    proxy_pass {HOST}:{leg.target}; proxy_timeout 10m; }} }}\n")
