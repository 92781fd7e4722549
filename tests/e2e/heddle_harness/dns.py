"""A small authoritative DNS server over UDP and TCP: real messages, answers as a test tells them.

Names are absolute and in lower case. A name with a record of any type exists (others are NODATA), any other is NXDOMAIN;
negative answers carry an SOA. Aliases are followed within the zone, as resolvers do.
"""

import socket
import struct
import threading

A, CNAME, SOA, AAAA, SRV = 1, 5, 6, 28, 33
_TYPES = {"A": A, "CNAME": CNAME, "AAAA": AAAA, "SRV": SRV}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def _name(text):
    labels = [label for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def _read_question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    kind, _ = struct.unpack_from("!HH", message, at + 1)
    return ".".join(labels).lower(), kind, message[12:at + 5]


def _data(kind, value):
    if kind == A:
        return socket.inet_aton(value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == CNAME:
        return _name(value)
    priority, weight, port, target = value
    return struct.pack("!HHH", priority, weight, port) + _name(target)


def _record(owner, kind, ttl, data):
    return _name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


class DnsServer:
    """`records` of set() and remove(); `rcode` answers everything with an error; `silent` answers nothing; `truncate`
    sends every UDP answer cut; `forged` is an address that a packet with a wrong id names before each answer."""

    def __init__(self, ip="127.0.0.1"):
        self.ip = ip
        self.negative_ttl = 1
        self.rcode = None
        self.silent = False
        self.truncate = False
        self.forged = None
        self.on_question = None  # called with (name, type number) before the answer is made
        self.tcp_questions = 0
        self._lock = threading.Lock()
        self._records = {}
        self.questions = []
        self._sockets = []
        self._held = self._hold_a_port()  # while the server is away, too
        self.port = self._held[0].getsockname()[1]
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _udp(self, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self.ip, port))
        return sock

    def _tcp(self, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self.ip, port))
        return sock

    def _hold_a_port(self):
        """One that is free for UDP and TCP. The UDP socket is connected: it gets nobody else's packets."""
        while True:
            udp = self._udp(0)
            try:
                tcp = self._tcp(udp.getsockname()[1])
            except OSError:  # somebody's TCP port: another one
                udp.close()
                continue
            udp.connect((self.ip, 9))
            return udp, tcp

    def start(self):
        udp, tcp = self._udp(self.port), self._tcp(self.port)
        tcp.listen(16)
        self._sockets = [udp, tcp]
        threading.Thread(target=self._serve_udp, args=(udp,), daemon=True).start()
        threading.Thread(target=self._serve_tcp, args=(tcp,), daemon=True).start()

    def stop(self):
        """Nobody listens: questions are refused by the kernel. start() takes the same port again."""
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits
            except OSError:
                pass
            sock.close()
        self._sockets = []

    def close(self):
        self.stop()
        for sock in self._held:
            sock.close()

    # --- the zone ---
    def set(self, name, kind, values, ttl=1):
        with self._lock:
            self._records[(name, _TYPES[kind])] = (list(values), ttl)

    def remove(self, name, kind=None):
        with self._lock:
            for key in [key for key in self._records if key[0] == name and kind in (None, _key_text(key[1]))]:
                del self._records[key]

    def asked(self, name):
        with self._lock:
            return sum(1 for question in self.questions if question[0] == name)

    # --- answers ---
    def _answers(self, name, kind):
        """(rcode, records, whether anything but aliases is among them)"""
        records = []
        for _ in range(16):
            alias = self._records.get((name, CNAME))
            if alias is None or kind == CNAME:
                break
            records.append(_record(name, CNAME, alias[1], _data(CNAME, alias[0][0])))
            name = alias[0][0]
        values, ttl = self._records.get((name, kind), ((), 0))
        records += [_record(name, kind, ttl, _data(kind, value)) for value in values]
        exists = any(known == name for known, _ in self._records)
        return (NOERROR if exists else NXDOMAIN), records, bool(values)

    def _message(self, query, rcode, question, records, authority=(), cut=False):
        flags = 0x8580 | (0x0200 if cut else 0) | rcode
        head = struct.pack("!HHHHHH", struct.unpack_from("!H", query)[0], flags, 1, len(records), len(authority), 0)
        return head + question + b"".join(records) + b"".join(authority)

    def _reply(self, query, is_udp):
        name, kind, question = _read_question(query)
        if self.on_question is not None:
            self.on_question(name, kind)
        with self._lock:
            self.questions.append((name, kind))
            if self.silent:
                return None
            if self.rcode is not None:
                return self._message(query, self.rcode, question, ())
            rcode, records, found = self._answers(name, kind)
            soa_data = _name("ns.test") + _name("admin.test") + struct.pack("!IIIII", 1, 1, 1, 1, self.negative_ttl)
            authority = () if found else (_record("test", SOA, self.negative_ttl, soa_data),)
            whole = self._message(query, rcode, question, records, authority)
            if is_udp and (self.truncate or len(whole) > 512):
                return self._message(query, rcode, question, (), (), cut=True)
            return whole

    def _forgery(self, query):
        name, kind, question = _read_question(query)
        wrong = struct.pack("!H", struct.unpack_from("!H", query)[0] ^ 0xffff) + query[2:]
        records = [_record(name, A, 3600, _data(A, self.forged))] if kind == A else []
        return self._message(wrong, NOERROR, question, records)

    def _serve_udp(self, sock):
        while True:
            try:
                query, sender = sock.recvfrom(4096)
                if not query:
                    return
                if self.forged:
                    sock.sendto(self._forgery(query), sender)
                reply = self._reply(query, True)
                if reply is not None:
                    sock.sendto(reply, sender)
            except OSError:
                return

    def _serve_tcp(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(sock,), daemon=True).start()

    def _serve_connection(self, sock):
        with sock, sock.makefile("rb") as stream:
            while len(size := stream.read(2)) == 2:
                self.tcp_questions += 1
                reply = self._reply(stream.read(struct.unpack("!H", size)[0]), False)
                if reply is not None:
                    sock.sendall(struct.pack("!H", len(reply)) + reply)


def _key_text(number):
    return next(text for text, known in _TYPES.items() if known == number)
