"""Resources as Python values, and as one YAML text (each document in JSON, which is YAML too)."""

import json


def _resource(group, kind, name, spec, ns):
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": ns}, "spec": spec}


def service(name, port=80, protocol="http", backend_set=None, ns="default", **more):
    entry = {"port": port, "protocol": protocol}
    if backend_set:
        entry["backendSet"] = backend_set
    return _resource("heddle.dev/v1", "Service", name, {"ports": [entry], **more}, ns)


def endpoint(ip, port, identity=None, **more):
    entry = {"address": ip, "port": port, **more}
    if identity:
        entry["identity"] = identity
    return entry


def backend_set(name, endpoints, ns="default", **more):
    return _resource("heddle.dev/v1", "BackendSet", name, {"endpoints": endpoints, **more}, ns)


def plaintext_sets(apps):
    """A backend set for each application (by name), reached without a sidecar of its own."""
    return [backend_set(name, [endpoint("127.0.0.1", app.port)], tls="plaintext") for name, app in apps.items()]


def subset(name, parent, labels, ns="default", **more):
    return _resource("heddle.dev/v1", "BackendSet", name, {"subsetOf": {"name": parent, "labels": labels}, **more}, ns)


def balancing_policy(name, target, load_balancer, ns="default"):
    """A TrafficPolicy that says how its set balances."""
    spec = {"targetRefs": [{"kind": "BackendSet", "name": target}], "loadBalancer": load_balancer}
    return _resource("heddle.dev/v1", "TrafficPolicy", name, spec, ns)


def health_policy(name, target, check, ns="default"):
    return _resource("heddle.dev/v1", "HealthPolicy", name, {"targetRefs": [{"name": target}], "active": [check]}, ns)


def traffic_policy(name, target, limits=None, timeouts=None, ns="default", **more):
    spec = {"targetRefs": [{"kind": "BackendSet", "name": target}], **more}
    if limits:
        spec["limits"] = limits
    if timeouts:
        spec["timeouts"] = timeouts
    return _resource("heddle.dev/v1", "TrafficPolicy", name, spec, ns)
def outlier_policy(name, target, ns="default", **outlier):
    return _resource("heddle.dev/v1", "HealthPolicy", name, {"targetRefs": [{"name": target}], "outlier": outlier}, ns)


def workload(name, identity, services=(), ns="default", **more):
    spec = {"identity": identity, "services": list(services), **more}
    return _resource("heddle.dev/v1", "Workload", name, spec, ns)


def authorization(name, action, rules=(), target=None, ns="default"):
    """`target`: (kind, name)."""
    spec = {"action": action, "rules": list(rules)}
    if target:
        spec["targetRef"] = {"kind": target[0], "name": target[1]}
    return _resource("heddle.dev/v1", "AuthorizationPolicy", name, spec, ns)


def authorization_default(name, action, ns="default"):
    return _resource("heddle.dev/v1", "AuthorizationPolicy", name, {"defaultAction": action}, ns)


def rate_limits(name, *limits, target=None, mode=None, ns="default"):
    """`target`: (kind, name)."""
    spec = {"limits": list(limits)}
    if target:
        spec["targetRef"] = {"kind": target[0], "name": target[1]}
    if mode:
        spec["mode"] = mode
    return _resource("heddle.dev/v1", "RateLimitPolicy", name, spec, ns)


def federated(name, trust_domain, url=None, spiffe_id=None, bundle=None, ns="default"):
    """With a SPIFFE id the profile is https_spiffe, else https_web."""
    spec = {"trustDomain": trust_domain}
    if url:
        spec["bundleEndpoint"] = {"url": url, "profile": "https_spiffe" if spiffe_id else "https_web"}
    if spiffe_id:
        spec["bundleEndpoint"]["spiffeId"] = spiffe_id
    if bundle:
        spec["bundle"] = bundle
    return _resource("heddle.dev/v1", "FederatedTrustDomain", name, spec, ns)


def to_backend_set(name, weight=1):
    return {"group": "heddle.dev", "kind": "BackendSet", "name": name, "weight": weight}


def route(name, service_name, rules, ns="default"):
    parents = [{"group": "", "kind": "Service", "name": service_name}]
    return _resource("gateway.networking.k8s.io/v1", "HTTPRoute", name, {"parentRefs": parents, "rules": rules}, ns)


def grpc_route(name, service_name, rules, ns="default"):
    return {**route(name, service_name, rules, ns), "kind": "GRPCRoute"}


def tcp_route(name, service_name, backends, port=None, ns="default"):
    parent = {"group": "", "kind": "Service", "name": service_name}
    if port:
        parent["port"] = port
    spec = {"parentRefs": [parent], "rules": [{"backendRefs": backends}]}
    return _resource("gateway.networking.k8s.io/v1alpha2", "TCPRoute", name, spec, ns)


def tls_route(name, service_name, hostnames, backends, ns="default"):
    route_of_all = tcp_route(name, service_name, backends, ns=ns)
    return {**route_of_all, "apiVersion": "gateway.networking.k8s.io/v1alpha3", "kind": "TLSRoute",
            "spec": {"hostnames": list(hostnames), **route_of_all["spec"]}}


def matched(backends, *matches, **more):
    """A rule with matches as the Gateway API writes them; of an HTTPRoute or a GRPCRoute."""
    return {"matches": list(matches), "backendRefs": backends, **more}


def regex(name, value):
    """A header or query parameter that is matched by a regular expression."""
    return {"type": "RegularExpression", "name": name, "value": value}


def rule(backends, path=None, path_type="PathPrefix", headers=None, method=None):
    match = {}
    if path:
        match["path"] = {"type": path_type, "value": path}
    if headers:
        match["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    if method:
        match["method"] = method
    return {"matches": [match] if match else [], "backendRefs": backends}


def to_yaml(resources):
    return "".join(f"---\n{json.dumps(resource, indent=1)}\n" for resource in resources)
