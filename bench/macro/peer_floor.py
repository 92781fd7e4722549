"""The floor: heddle-bench-floor, which parses and encrypts nothing. Where others encrypt, it still does not."""

from peers import Cannot, Peer


class Floor(Peer):
    name = "floor"

    def refuse(self, path):
        if path.shape == "inbound":
            raise Cannot("it has no TLS, and a relay of handshakes is no floor of them")
        if path.access_log:
            raise Cannot("it writes no access log")
        if path.new_connections:
            raise Cannot("it would connect to the origin for every request, which the others do not: no floor")

    def start(self, place, leg):
        program = place.tool("heddle-bench-floor")
        return place.start_proxy("floor", [program, str(leg.listen), str(leg.target)], leg.listen)

    def version(self):
        return "bench/macro/floor.cc"
