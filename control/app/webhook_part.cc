#include "control/app/webhook_part.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
// Nodes know them from 1.29 on, and may be three minor versions older than the API server, which is all that is asked.
constexpr int64_t kNativeMinor = 32;
constexpr MetricFamily kAnswers{"heddle_control_injections_total",
                                "Pods that the API server asked about, by what came of it.",
                                MetricType::kCounter,
                                {"result"}};
constexpr const MetricFamily* kFamilies[] = {&kAnswers};

// "20", and of some vendors "20+".
std::optional<int64_t> number_of(const JsonValue& version, std::string_view field) {
  std::optional<JsonValue> found = version.find(field);
  std::string_view text = found ? found->as_string().value_or("") : "";
  size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return parse_int<int64_t>(text.substr(0, digits));
}
}  // namespace

std::span<const MetricFamily* const> webhook_metric_families() noexcept { return kFamilies; }

bool has_native_sidecars(const JsonValue& version) {
  std::optional<int64_t> major = number_of(version, "major");
  std::optional<int64_t> minor = number_of(version, "minor");
  return major && minor && (*major > 1 || (*major == 1 && *minor >= kNativeMinor));
}

WebhookPart::WebhookPart(Parts parts)
    : parts_(std::move(parts)),
      settings_(parts_.options.settings),
      knows_native_(parts_.options.native != NativeSidecars::kAuto),
      bundle_({parts_.client, parts_.random, parts_.options.configuration, parts_.roots, parts_.log}) {
  settings_.trust_domain = parts_.trust_domain;
  settings_.native_sidecar = parts_.options.native == NativeSidecars::kOn;
  MetricScope scope = parts_.metrics.scope();
  for (size_t i = 0; i < results_.size(); ++i) {
    results_[i] = scope.counter(kAnswers, {{"result", std::string(to_text(static_cast<InjectResult>(i)))}});
  }
  malformed_ = scope.counter(kAnswers, {{"result", "malformed"}});
  version_timer_ = parts_.client.loop().timer([this] { ask_version(); });
  if (!knows_native_) ask_version();
  auto handler = [this](const RpcRequest& request, HttpServer::Respond respond) { respond(answer(request)); };
  parts_.server.route("POST", kPath, std::move(handler), kMaxAdmissionReview);
}

// Every pod of one workload gets the same kind of sidecar: until it is known which, none gets one.
RpcResponse WebhookPart::answer(const RpcRequest& request) {
  if (!knows_native_) {
    return RpcResponse::error(make_error(Reason::kUnavailable, "the API server's version is not known yet"));
  }
  Result<AdmissionAnswer> answer = answer_admission(request.body, settings_, parts_.find_namespace);
  if (!answer) {
    malformed_.add();
    return RpcResponse::error(answer.error());
  }
  results_[static_cast<size_t>(answer->result)].add();
  if (!answer->problem.empty()) {
    parts_.log.warn("a pod is refused", {{"pod", answer->pod}, {"problem", answer->problem}});
  }
  return RpcResponse::json(200, std::move(answer->body));
}

void WebhookPart::ask_version() {
  asking_ = parts_.client.call({"GET", "/version"}, [this](const KubeAnswer& answer) { on_version(answer); });
}

void WebhookPart::on_version(const KubeAnswer& answer) {
  if (!answer.is_ok()) {
    parts_.log.warn("the API server does not say its version", {{"error", answer.failure->to_error()}});
    return version_timer_->arm(kAskAgain);
  }
  knows_native_ = true;
  settings_.native_sidecar = has_native_sidecars(answer.object);
  parts_.log.info("injection is ready", {{"native_sidecars", settings_.native_sidecar ? "yes" : "no"}});
}
}  // namespace heddle
