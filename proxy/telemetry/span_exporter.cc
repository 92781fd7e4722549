#include "proxy/telemetry/span_exporter.h"

#include <charconv>

#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxAnswer = 64 * 1024;  // a collector says little
constexpr BackoffSpec kPauses{1s, 2.0, 0.2, 30s};

HttpClientOptions options_for(const std::string& authority) {
  HttpClientOptions options;
  options.authority = authority;
  options.max_body = kMaxAnswer;
  return options;
}

bool is_worth_another(uint16_t status) { return status == 429 || (status >= 502 && status <= 504); }

// Seconds; a date is not waited for.
std::optional<Duration> retry_after(const RpcResponse& answer) {
  for (const auto& [name, value] : answer.headers) {
    uint32_t seconds = 0;
    if (name != "retry-after") continue;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size()) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

// {"partialSuccess":{"rejectedSpans":"3"}}; a number is a string in this encoding, and some write one all the same.
size_t rejected_of(const RpcResponse& answer) {
  auto body = JsonValue::parse(answer.body, kMaxAnswer);
  auto rejected = body ? body->find({"partialSuccess", "rejectedSpans"}) : std::nullopt;
  if (!rejected) return 0;
  if (auto number = rejected->as_unsigned()) return *number;
  std::string_view text = rejected->as_string().value_or("");
  size_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}
}  // namespace

SpanExporter::SpanExporter(const Inputs& in, Collector collector, SpanResource resource)
    : collector_(std::move(collector)),
      resource_(std::move(resource)),
      client_(in.context, in.protocols, in.connector, collector_.address, options_for(collector_.authority)),
      log_(in.logger),
      spans_(make_span_counters(in.metrics)),
      backoff_(in.random, kPauses),
      timer_(in.context.loop.timer([this] { on_time(); })) {
  timer_->arm(kPeriod);
}

SpanRing& SpanExporter::add_ring() {
  rings_.push_back(std::make_unique<SpanRing>(kRingSpans));
  return *rings_.back();
}

void SpanExporter::on_time() {
  count_dropped();
  if (batch_.spans == 0) collect();
  if (batch_.spans > 0) return send();
  timer_->arm(kPeriod);
}

void SpanExporter::collect() {
  std::string spans;
  for (const auto& ring : rings_) {
    auto take = [&](const SpanRecord& span) {
      if (!spans.empty()) spans.push_back(',');
      append_span(spans, span);
    };
    batch_.spans += ring->drain(take, kBatchSpans - batch_.spans);
  }
  if (batch_.spans > 0) batch_.body = otlp_body(resource_, spans);
}

void SpanExporter::count_dropped() {
  uint64_t dropped = 0;
  for (const auto& ring : rings_) dropped += ring->dropped();
  if (dropped > dropped_) spans_["dropped"].add(dropped - dropped_);
  dropped_ = dropped;
}

void SpanExporter::send() {
  ++batch_.tries;
  RpcRequest request;
  request.method = "POST";
  request.path = collector_.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = batch_.body;
  call_ = client_.call(std::move(request), kDeadline, [this](Result<RpcResponse> answer) { on_answer(answer); });
}

void SpanExporter::on_answer(const Result<RpcResponse>& answer) {
  if (!answer) return on_refused(answer.error(), Duration{});
  if (answer->status / 100 == 2) return on_taken(*answer);
  Error why = make_error(Reason::kUnavailable, str_cat("the collector answered ", std::to_string(answer->status)));
  if (is_worth_another(answer->status)) return on_refused(why, retry_after(*answer).value_or(Duration{}));
  on_refused(why, std::nullopt);
}

void SpanExporter::on_taken(const RpcResponse& answer) {
  size_t rejected = std::min(rejected_of(answer), batch_.spans);
  if (rejected > 0) spans_["rejected"].add(rejected);
  end_batch("exported", batch_.spans - rejected);
}

// `retry_after`: nothing when another try is of no use.
void SpanExporter::on_refused(const Error& why, std::optional<Duration> retry_after) {
  if (retry_after && batch_.tries < kTries) {
    return timer_->arm(std::max(backoff_.next(), std::min(*retry_after, kMostRetryAfter)));
  }
  log_.limited(
      LogLevel::kWarn, {"spans", 1}, "spans are lost",
      {{"spans", static_cast<uint64_t>(batch_.spans)}, {"collector", collector_.address}, {"why", why.text()}});
  end_batch(retry_after ? "failed" : "rejected", batch_.spans);
}

void SpanExporter::end_batch(std::string_view result, size_t spans) {
  bool was_full = batch_.spans >= kBatchSpans;
  if (spans > 0) spans_[result].add(spans);
  batch_ = {};
  backoff_.reset();
  timer_->arm(was_full ? Duration{} : kPeriod);
}
}  // namespace heddle
