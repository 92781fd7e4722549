#include "tests/adversarial/rig.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include "tests/adversarial/cost_bound.h"

namespace heddle::adversarial {
namespace {
constexpr size_t kMostBlockBytes = 512 * 1024;  // of idle proxies: pooled connections and their read buffers
constexpr size_t kMostFiles = 24;               // connections that the pools opened since the first case

size_t open_files() {
  auto files = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

int64_t sum_of(Sidecar& sidecar, std::string_view name) {
  const std::string text = sidecar.metrics().render();
  int64_t sum = 0;
  const std::string start = str_cat("\n", name);
  for (size_t at = text.find(start); at != text.npos; at = text.find(start, at + 1)) {
    char next = text[at + start.size()];
    size_t end = text.find('\n', at + 1);
    if (next == ' ' || next == '{') sum += std::atoll(text.c_str() + text.rfind(' ', end));
  }
  return sum;
}

size_t block_bytes(Sidecar& sidecar) {
  std::promise<size_t> answer;
  Loop& loop = sidecar.worker().loop();
  loop.post([&] { answer.set_value(loop.blocks().bytes_in_use()); });
  return answer.get_future().get();
}

template <class F>
bool soon(F done) {
  auto give_up = std::chrono::steady_clock::now() + 60s;  // longer than a busy machine stalls
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(1ms);  // poll: that nothing is in flight any more has no event of its own
  }
  return true;
}
}  // namespace

std::unique_ptr<Rig> Rig::single(const Address& application, PortProtocol protocol, InboundTls tls) {
  auto rig = std::make_unique<Rig>();
  rig->add_inbound(application, tls, protocol);
  return rig;
}
std::unique_ptr<Rig> Rig::balanced(const Address& application, PortProtocol protocol, InboundTls tls,
                                   std::string header) {
  Settings settings = inbound_settings(application, tls, protocol);
  settings.listeners[0].proxy_protocol = true;
  auto rig = std::make_unique<Rig>();
  rig->header_ = std::move(header);
  rig->add_inbound(std::move(settings));
  return rig;
}
std::unique_ptr<Rig> Rig::pair(const Address& application) {
  auto rig = std::make_unique<Rig>();
  rig->join(application, PortProtocol::kHttp);
  return rig;
}
std::unique_ptr<Rig> Rig::to_h2(const Address& application) {
  auto rig = std::make_unique<Rig>();
  rig->start_outbound(plain_snapshot({application}, "http2"), outbound_settings(PortProtocol::kHttp));
  return rig;
}

std::string Rig::canary(std::string_view body) {
  BlockingClient client(entry());
  client.send(header_);
  std::string answer = client.get(str_cat("/canary/", std::to_string(++canaries_)), "a");
  bool good = answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(str_cat("\r\n\r\n", body));
  return good ? "" : str_cat("the canary was answered with ", heddle::in_quotes(answer.substr(0, 400)));
}

std::string Rig::left_behind() {
  std::vector<Sidecar*> all;
  for (auto& sidecar : inbound_) all.push_back(sidecar.get());
  if (outbound_) all.push_back(outbound_.get());
  for (Sidecar* sidecar : all) {
    if (!soon([&] { return sum_of(*sidecar, "heddle_requests_active") == 0; })) return "requests are still active";
    if (!soon([&] { return block_bytes(*sidecar) <= kMostBlockBytes; }))
      return str_cat("blocks are still in use: ", std::to_string(block_bytes(*sidecar)));
  }
  if (!wait_alone()) return "a connection is left";
  if (files_ == 0) files_ = open_files();
  if (!soon([&] { return open_files() <= files_ + kMostFiles; })) return "files are left open";
  return {};
}

bool Rig::wait_alone() {
  return soon([&] { return sum_of(front(), "heddle_downstream_connections") == 0; });
}

int64_t Rig::ended_for(std::string_view kind) {
  return front().metric(
      str_cat("heddle_abuse_total{listener=\"", outbound_ ? "hello" : "in", "\",kind=\"", kind, "\"}"));
}

uint64_t Rig::request_work() {
  if (!WorkCounter::kCounts || request_work_ > 0) return request_work_;
  CostBound::leave_out();
  EXPECT_EQ(settle(), "");  // what only the first request needs is made
  WorkCounter work;
  EXPECT_EQ(settle(), "");
  return request_work_ = work.blocks();
}

int64_t Rig::refused_for(std::string_view reason) {
  int64_t count = front().metric(str_cat("heddle_downstream_refused_total{listener=\"", outbound_ ? "hello" : "in",
                                         "\",reason=\"", reason, "\"}"));
  return std::max<int64_t>(count, 0);
}

std::string Rig::settle(std::string_view canary_body) {
  std::string trouble = canary(canary_body);
  return trouble.empty() ? left_behind() : trouble;
}
}  // namespace heddle::adversarial
