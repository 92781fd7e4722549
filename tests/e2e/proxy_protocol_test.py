#!/usr/bin/env python3
"""The PROXY protocol with haproxy and nginx, as balancers before a sidecar and as applications behind one.

Clients come from an address of their own, so that who is named is neither the balancer nor the sidecar.
"""

import os
import socket
import unittest

from heddle_harness import http1
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until

_CLIENT = "127.0.0.77"
_HAPROXY = """\
global
  maxconn 200
defaults
  mode tcp
  timeout connect 60s
  timeout client 60s
  timeout server 60s
"""
# Who called, and whom, as the application sees it.
_HAPROXY_ANSWER = 'http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"'
_NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
{user}
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 200; }}
stream {{ server {{ listen 127.0.0.1:{front}; proxy_pass {web}; proxy_protocol on; }} }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{app} proxy_protocol;
    location / {{
      return 200 "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port";
    }}
  }}
}}
"""


def connect(port, ip="127.0.0.1"):
    return socket.create_connection((ip, port), timeout=http1.TIMEOUT, source_address=(_CLIENT, 0))


def name_of(sock):
    return endpoint(*sock.getsockname())


def ask(sock):
    sock.sendall(http1.request_bytes(headers=(("connection", "close"),)))
    return http1.Reader(sock).response().body.decode()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=http1.TIMEOUT).close()
    except OSError:
        return False
    return True


class ProxyProtocol(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = HttpApp(cls.tell_who_calls)
        cls.addClassCleanup(cls.app.close)
        reserve = cls.mesh.ports.reserve
        names = ("haproxy-v1", "haproxy-v2", "haproxy-crc", "haproxy-both", "haproxy-app", "nginx", "nginx-app")
        cls.ports = {name: reserve() for name in names}
        cls.edge = cls.mesh.sidecar("edge", cls.listeners(), {"identity": {"source": "none"}})
        cls.edge.start()
        cls.start_haproxy()
        cls.start_nginx()

    @staticmethod
    def tell_who_calls(request, reader, sock):
        reader.body(request)
        reply(sock, (request.header("x-forwarded-for") or "nobody").encode())

    @classmethod
    def listeners(cls):
        def open_port(name, forward, protocol="tcp", **more):
            return cls.mesh.inbound(endpoint("127.0.0.1", forward), protocol=protocol, tls="off", name=name, **more)

        found = [open_port("web", cls.app.port, "http", proxyProtocol="required"),
                 open_port("checked", cls.app.port, "http", proxyProtocol="required"),
                 open_port("both", cls.ports["haproxy-app"], proxyProtocol="required", forwardProxyProtocol="v1")]
        for app in ("haproxy", "nginx"):
            for version in ("v1", "v2"):
                found.append(open_port(f"{app}-{version}", cls.ports[f"{app}-app"], forwardProxyProtocol=version))
        return found

    @classmethod
    def address_of(cls, name):
        return endpoint(*cls.edge.address_of(name))

    @classmethod
    def start_haproxy(cls):
        def section(name, *lines):
            return "\n  ".join((f"listen {name}", f"bind 127.0.0.1:{cls.ports[name]}", *lines)) + "\n"

        web = cls.address_of("web")
        app = f"listen haproxy-app\n  mode http\n  bind 127.0.0.1:{cls.ports['haproxy-app']} accept-proxy\n  {_HAPROXY_ANSWER}\n"
        config = cls.mesh.write("haproxy.cfg", "".join((
            _HAPROXY, section("haproxy-v1", f"server web {web} send-proxy"),
            section("haproxy-v2", f"server web {web} send-proxy-v2",
                    f"server checked {cls.address_of('checked')} send-proxy-v2 check inter 100ms backup"),
            section("haproxy-crc", f"server web {web} send-proxy-v2 proxy-v2-options crc32c,unique-id",
                    "unique-id-format %pid-%ci-%cp"),
            section("haproxy-both", f"server both {cls.address_of('both')} send-proxy-v2"), app)))
        process = cls.mesh.group.start("haproxy", ["haproxy", "-db", "-f", config])
        process.wait_ready(lambda: listens(cls.ports["haproxy-v1"]))

    @classmethod
    def start_nginx(cls):
        folder = cls.mesh.path("nginx")
        os.makedirs(folder, exist_ok=True)
        user = "user root;" if os.geteuid() == 0 else ""
        config = cls.mesh.write("nginx.conf", _NGINX.format(folder=folder, user=user, front=cls.ports["nginx"],
                                                            web=cls.address_of("web"), app=cls.ports["nginx-app"]))
        process = cls.mesh.group.start("nginx", ["nginx", "-e", "stderr", "-p", folder, "-c", config])
        process.wait_ready(lambda: listens(cls.ports["nginx"]))

    def test_the_application_hears_of_the_client_behind_a_balancer(self):
        for balancer in ("haproxy-v1", "haproxy-v2", "haproxy-crc", "nginx"):
            with self.subTest(balancer), connect(self.ports[balancer]) as sock:
                self.assertEqual(ask(sock), _CLIENT)

    def test_the_access_log_names_the_client(self):
        for balancer in ("haproxy-v1", "haproxy-v2", "nginx"):
            with self.subTest(balancer), connect(self.ports[balancer]) as sock:
                client = name_of(sock)
                ask(sock)
                self.edge.process.wait_log(f'"downstream_remote_address":"{client}"')

    def test_checks_of_a_balancer_are_no_mistakes(self):
        self.edge.wait_metric("heddle_downstream_accepted_total", 3, listener="checked")
        refused = {"listener": "checked", "reason": "proxy-header-invalid"}
        self.assertEqual(self.edge.metrics().total("heddle_downstream_refused_total", **refused), 0)

    def test_an_application_that_reads_headers_hears_of_the_client(self):
        for app in ("haproxy", "nginx"):
            for version in ("v1", "v2"):
                ip, port = self.edge.address_of(f"{app}-{version}")
                with self.subTest(app, version=version), connect(port, ip) as sock:
                    self.assertEqual(ask(sock), f"{name_of(sock)} {endpoint(ip, port)}")

    def test_from_a_balancer_to_an_application_that_reads_headers(self):
        with connect(self.ports["haproxy-both"]) as sock:
            self.assertEqual(ask(sock), f"{name_of(sock)} {endpoint('127.0.0.1', self.ports['haproxy-both'])}")

    def test_who_goes_around_the_balancer_is_refused_by_name(self):
        ip, port = self.edge.address_of("web")
        with connect(port, ip) as sock:
            client = name_of(sock)
            sock.sendall(http1.request_bytes())
            try:
                self.assertEqual(sock.recv(1), b"")
            except ConnectionResetError:
                pass  # the same, told sooner
        self.edge.wait_metric("heddle_downstream_refused_total", 1, listener="web", reason="proxy-header-invalid")

        def is_logged():
            lines = self.edge.process.log().splitlines()
            return any("proxy-header-invalid" in line and client in line for line in lines)

        wait_until(is_logged, "the refusal in the log, with the address of who connected")


if __name__ == "__main__":
    unittest.main()
