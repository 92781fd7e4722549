"""A mesh of any size as resources: hosts h0, h1 ... with routes /r0, /r1 ... and endpoints on 127.0.0.1 and up."""

from dataclasses import dataclass

from harness import resources

ONE_SET = "one"   # every route leads to the set of h0
OWN_SETS = "own"  # every host's routes lead to its own set


@dataclass(frozen=True)
class Size:
    hosts: int
    routes_per_host: int
    endpoints_per_host: int


def address(number):
    """Of the endpoint `number` of a host: the many-origin listens on the first hundred of 127.0.0/24."""
    return f"127.0.0.{number + 1}"


def _host(size, number, port, spread):
    name = f"h{number}"
    target = "h0" if spread == ONE_SET else name
    endpoints = [resources.endpoint(address(i), port) for i in range(size.endpoints_per_host)]
    rules = [resources.rule([resources.to_backend_set(target)], path=f"/r{i}") for i in range(size.routes_per_host)]
    return [resources.service(name), resources.backend_set(name, endpoints, tls="plaintext"),
            resources.route(f"{name}-routes", name, rules)]


def mesh(size, port, spread):
    """One `kind: List`."""
    items = [item for number in range(size.hosts) for item in _host(size, number, port, spread)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def change_one_endpoint(document, times):
    """In place: the last set's last endpoint gets another weight, each time another one."""
    last = [item for item in document["items"] if item["kind"] == "BackendSet"][-1]
    last["spec"]["endpoints"][-1]["weight"] = 1 + times
