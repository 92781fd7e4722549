// An access record with every field set, for tests to change.
#pragma once
#include "lib/base/strings.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {
inline AccessRecord sample_access_record() {
  AccessRecord record;
  record.start = *parse_time("2026-01-31T12:34:56.789Z");
  record.duration = 12345us;
  record.upstream_time = 10ms;
  record.bytes_received = 3;
  record.bytes_sent = 1024;
  record.config_version = 42;
  record.worker = 1;
  record.status = 200;
  record.upstream_status = 200;
  record.tries = 1;
  record.flags = {AccessFlag::kUpstreamTls};
  record.downstream.assign(*Address::parse("127.0.0.1:40000"));
  record.upstream.assign(*Address::parse("[::1]:15006"));
  record.method.assign("GET");
  record.authority.assign("hello");
  record.set_path("/a?secret=1");
  record.request_id.assign("0af7651916cd43dd8448eb211c80319c");
  record.service.assign("hello");
  record.route.assign("hello-route");
  record.backend_set.assign("hello-backends");
  record.peer.assign("ns/shop/sa/web");
  record.upstream_protocol = AccessProtocol::kHttp2;
  return record;
}
}  // namespace heddle
