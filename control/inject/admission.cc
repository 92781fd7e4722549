#include "control/inject/admission.h"

#include "lib/base/bytes.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/inject/json_patch.h"

namespace heddle {
namespace {
constexpr std::string_view kVersion = "admission.k8s.io/v1";
constexpr int64_t kForbidden = 403;
constexpr int64_t kWrong = 400;
constexpr size_t kMaxMessage = 2048;  // bytes; the API server shows it to who creates the pod

std::string_view text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? found->as_string().value_or("") : "";
}

Error refuse(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }

struct Asked {
  std::string uid;
  std::string namespace_name;
  std::string operation;
  JsonValue pod;
  std::string wrong;  // with the request, so that it cannot be judged; empty: nothing
};

// Operations of a webhook that was registered for more than ours asks for. Nothing of them is for us to say, and a pod
// must not be kept from being deleted.
bool is_let_through(std::string_view operation) {
  return operation == "UPDATE" || operation == "DELETE" || operation == "CONNECT";
}

std::string fault_of(const JsonValue& review, const JsonValue& request) {
  if (text_of(review, {"apiVersion"}) != kVersion) return str_cat("expected an AdmissionReview of ", kVersion);
  if (text_of(request, {"kind", "kind"}) != "Pod" || !text_of(request, {"kind", "group"}).empty()) {
    return "request.kind: expected core Pod";
  }
  std::string_view operation = text_of(request, {"operation"});
  if (is_let_through(operation)) return {};
  if (operation != "CREATE") return "request.operation: expected CREATE";
  std::optional<JsonValue> pod = request.find("object");
  return pod && pod->is_object() ? "" : "request.object is missing";
}

Result<Asked> read_review(std::string_view text) {
  auto review = JsonValue::parse(text, kMaxAdmissionReview);
  if (!review) return refuse(str_cat("no AdmissionReview: ", review.error().detail));
  if (text_of(*review, {"kind"}) != "AdmissionReview") return refuse("expected kind AdmissionReview");
  std::optional<JsonValue> request = review->find("request");
  if (!request || text_of(*request, {"uid"}).empty()) return refuse("request.uid is missing");
  Asked out;
  out.uid = text_of(*request, {"uid"});
  out.namespace_name = text_of(*request, {"namespace"});
  out.operation = text_of(*request, {"operation"});
  out.pod = request->find("object").value_or(JsonValue());
  out.wrong = fault_of(*review, *request);
  return out;
}

std::string name_of(const Asked& asked) {
  std::string_view name = text_of(asked.pod, {"metadata", "name"});
  if (!name.empty()) return str_cat(asked.namespace_name, "/", name);
  return str_cat(asked.namespace_name, "/", text_of(asked.pod, {"metadata", "generateName"}), "*");
}

std::string message_of(const std::vector<std::string>& problems) {
  std::string text = str_cat("heddle: this pod cannot get its sidecar: ", join(problems, "; "));
  if (text.size() > kMaxMessage) text.resize(kMaxMessage);
  return text;
}

std::string encode(const Asked& asked, const Injection& injection, const std::string& problem) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("apiVersion", kVersion).field("kind", "AdmissionReview");
  out.key("response").begin_object().field("uid", asked.uid).field("allowed", problem.empty());
  if (!problem.empty()) {
    int64_t code = asked.wrong.empty() ? kForbidden : kWrong;
    out.key("status").begin_object().field("code", code).field("message", problem).end_object();
  } else if (injection.result == InjectResult::kInjected) {
    std::string patch = json_patch(asked.pod, injection.pod);
    out.field("patchType", "JSONPatch").field("patch", to_base64(as_bytes(patch)));
  }
  if (!injection.warnings.empty()) {
    out.key("warnings").begin_array();
    for (const std::string& one : injection.warnings) out.string(str_cat("heddle: ", one));
    out.end_array();
  }
  out.end_object().end_object();
  return text;
}

Injection unknown_namespace(const Asked& asked) {
  Injection out;
  out.result = InjectResult::kRefused;
  out.problems.push_back(str_cat("its namespace ", in_quotes(asked.namespace_name),
                                 " is not known to the control plane yet; it will be, create the pod again"));
  return out;
}
Injection judge(const Asked& asked, const InjectSettings& settings, const FindNamespace& find) {
  Injection out;
  if (!asked.wrong.empty()) {
    out.result = InjectResult::kRefused;
    out.problems.push_back(asked.wrong);
    return out;
  }
  if (is_let_through(asked.operation)) return out;
  std::optional<JsonValue> of = find(asked.namespace_name);
  return of ? inject({asked.pod, *of, false}, settings) : unknown_namespace(asked);
}
}  // namespace

Result<AdmissionAnswer> answer_admission(std::string_view review, const InjectSettings& settings,
                                         const FindNamespace& find) {
  HEDDLE_TRY(Asked asked, read_review(review));
  Injection injection = judge(asked, settings, find);
  AdmissionAnswer out;
  out.result = injection.result;
  out.pod = name_of(asked);
  if (injection.result == InjectResult::kRefused) out.problem = message_of(injection.problems);
  out.body = encode(asked, injection, out.problem);
  return out;
}
}  // namespace heddle
