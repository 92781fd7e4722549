#include "cli/pre_check.h"

#include <algorithm>
#include <charconv>

#include "cli/check_parts.h"
#include "lib/base/json_writer.h"
#include "lib/config/crd.h"

namespace heddle {
namespace {
constexpr std::string_view kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
constexpr std::string_view kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
constexpr std::string_view kSeeNodes = "what nodes run is not known to you";
constexpr int kOldest = 20;    // minor version of Kubernetes 1
constexpr int kPdb = 21;       // policy/v1
constexpr int kSidecars = 29;  // native sidecars, on unless somebody turned them off

struct Right {
  std::string_view verb;
  std::string_view group;
  std::string_view resource;
  bool is_in_namespace;
};
// Of whoever installs; the control plane's own rights are in the manifests.
constexpr Right kRights[] = {{"create", "", "namespaces", false},
                             {"create", "apiextensions.k8s.io", "customresourcedefinitions", false},
                             {"create", "rbac.authorization.k8s.io", "clusterroles", false},
                             {"create", "rbac.authorization.k8s.io", "clusterrolebindings", false},
                             {"create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", false},
                             {"create", "", "serviceaccounts", true},
                             {"create", "rbac.authorization.k8s.io", "roles", true},
                             {"create", "rbac.authorization.k8s.io", "rolebindings", true},
                             {"create", "", "services", true},
                             {"create", "apps", "statefulsets", true},
                             {"create", "networking.k8s.io", "networkpolicies", true}};
constexpr std::string_view kGatewayKinds[] = {"httproutes", "grpcroutes", "tcproutes", "tlsroutes"};

std::string review_of(const Right& right, const std::string& ns) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("apiVersion", "authorization.k8s.io/v1").field("kind", "SelfSubjectAccessReview");
  out.key("spec").begin_object().key("resourceAttributes").begin_object();
  out.field("verb", right.verb).field("group", right.group).field("resource", right.resource);
  if (right.is_in_namespace) out.field("namespace", ns);
  out.end_object().end_object().end_object();
  return text;
}

// The number a version begins with: "29+" is 29.
int leading_number(std::string_view text) {
  int out = -1;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// "v1.29.3" -> 29; -1: no such version.
int minor_of(std::string_view version) {
  size_t dot = version.find('.');
  return version.starts_with("v1.") ? leading_number(version.substr(dot + 1)) : -1;
}

std::string plural_of(Kind kind) { return std::string(info(kind).plural); }

// Takes answers in the order of the questions.
class Answers {
 public:
  explicit Answers(const std::vector<ClusterAnswer>& all) : all_(all) {}
  const ClusterAnswer& next() {
    static const ClusterAnswer kNone;
    return at_ < all_.size() ? all_[at_++] : kNone;
  }

 private:
  const std::vector<ClusterAnswer>& all_;
  size_t at_ = 0;
};

int check_version(const ClusterAnswer& answer, Findings& out) {
  if (!answer.ok()) {
    add(out, "api server", Verdict::kFail, str_cat("does not answer: ", answer.problem),
        "see whether `kubectl version` does; --kubeconfig or --kube-api-url say where it is");
    return -1;
  }
  int minor = leading_number(text_at(answer.body, {"minor"}));
  std::string version = text_at(answer.body, {"gitVersion"});
  bool is_new = text_at(answer.body, {"major"}) == "1" && minor >= kOldest;
  add(out, "api server", is_new ? Verdict::kOk : Verdict::kFail, str_cat("Kubernetes ", version),
      is_new ? "" : "Kubernetes 1.20 or newer is needed");
  if (is_new && minor < kPdb) {
    add(out, "api server", Verdict::kWarn, "has no policy/v1 PodDisruptionBudget",
        "the overlay ha is taken without it: leave that object out, or use base");
  }
  return minor;
}

void check_rights(const PreCheckOptions& options, Answers& answers, Findings& out) {
  std::string missing;
  size_t unknown = 0;
  for (const Right& right : kRights) {
    const ClusterAnswer& answer = answers.next();
    std::optional<JsonValue> allowed = answer.body.find({"status", "allowed"});
    if (!answer.ok() || !allowed) ++unknown;
    if (!answer.ok() || !allowed || allowed->as_bool().value_or(false)) continue;
    missing.append(missing.empty() ? "" : ", ").append(str_cat(right.verb, " ", right.resource));
    if (right.is_in_namespace) missing.append(str_cat(" in ", options.ns));
  }
  if (!missing.empty()) {
    return add(out, "rights", Verdict::kFail, str_cat("you may not ", missing), "install as a cluster administrator");
  }
  if (unknown != 0) return add(out, "rights", Verdict::kWarn, "the API server does not say what you may do");
  add(out, "rights", Verdict::kOk, "you may make all that is installed");
}

void check_definitions(Answers& answers, Findings& out) {
  size_t there = 0;
  for (Kind kind : crd_kinds()) {
    const ClusterAnswer& answer = answers.next();
    if (answer.code == 404) continue;
    std::string name = str_cat(plural_of(kind), ".heddle.dev");
    if (!answer.ok()) {
      add(out, "definitions", Verdict::kWarn, str_cat(name, " cannot be seen: ", answer.problem));
    } else if (text_at(answer.body, {"metadata", "labels", "app.kubernetes.io/part-of"}) != "heddle") {
      add(out, "definitions", Verdict::kFail, str_cat(name, " is there and not ours"),
          "somebody else's would be overwritten: see who made it");
    } else {
      ++there;
    }
  }
  add(out, "definitions", Verdict::kOk,
      there == 0 ? "none of ours is there yet"
                 : str_cat(std::to_string(there), " of ours are there, from an earlier one"));
}

void check_gateway(Answers& answers, Findings& out) {
  std::string missing;
  for (std::string_view plural : kGatewayKinds) {
    if (answers.next().code == 404) missing.append(missing.empty() ? "" : ", ").append(plural);
  }
  if (missing.empty()) return add(out, "gateway api", Verdict::kOk, "its routes are defined");
  add(out, "gateway api", Verdict::kWarn, str_cat("not defined: ", missing),
      "without them Services are balanced and policies hold, but there are no such routes; their CRDs come with the "
      "Gateway API, and are noticed when they do");
}

void check_nodes(const ClusterAnswer& nodes, int server, Findings& out) {
  int oldest = server;
  size_t seen = each_of(nodes.body, {"items"}, [&oldest](const JsonValue& node) {
    int minor = minor_of(text_at(node, {"status", "nodeInfo", "kubeletVersion"}));
    if (minor >= 0) oldest = std::min(oldest, minor);
  });
  std::string of = nodes.ok() ? str_cat(std::to_string(seen), " nodes seen") : std::string(kSeeNodes);
  if (oldest >= kSidecars) {
    add(out, "sidecars", Verdict::kOk, str_cat("native, begun before and ended after the application; ", of));
  } else {
    add(out, "sidecars", Verdict::kWarn, str_cat("no native ones before Kubernetes 1.29; ", of),
        "sidecars become ordinary containers: a Job with one does not end by itself");
  }
  add(out, "interception", Verdict::kOk,
      "not known from here: whether nodes have nftables or iptables is tried in each pod, which does not start "
      "without");
}

void check_storage(const ClusterAnswer& classes, Findings& out) {
  constexpr std::string_view kDefault = "storageclass.kubernetes.io/is-default-class";
  size_t defaults = 0;
  each_of(classes.body, {"items"}, [&defaults](const JsonValue& one) {
    if (text_at(one, {"metadata", "annotations", kDefault}) == "true") ++defaults;
  });
  if (defaults != 0) return add(out, "storage", Verdict::kOk, "there is a default StorageClass");
  add(out, "storage", Verdict::kWarn,
      classes.ok() ? "there is no default StorageClass" : "StorageClasses cannot be seen",
      "the control plane of base needs a volume; overlay ha and dev need none");
}

void check_namespace(const PreCheckOptions& options, const ClusterAnswer& answer, Findings& out) {
  if (answer.code == 404) return add(out, "namespace", Verdict::kOk, str_cat(options.ns, " is not there yet"));
  if (!answer.ok()) {
    return add(out, "namespace", Verdict::kWarn, str_cat(options.ns, " cannot be seen: ", answer.problem));
  }
  std::string level = text_at(answer.body, {"metadata", "labels", "pod-security.kubernetes.io/enforce"});
  bool is_other = !level.empty() && level != "restricted";
  add(out, "namespace", is_other ? Verdict::kWarn : Verdict::kOk,
      str_cat(options.ns, " is there", level.empty() ? "" : str_cat(", pod security: ", level)),
      is_other ? "installing makes it `restricted`, which the control plane keeps" : "");
}
}  // namespace

std::vector<ApiRequest> pre_questions(const PreCheckOptions& options) {
  auto get = [](std::string path, std::string query = "") {
    ApiRequest out;
    out.path = std::move(path);
    out.query = std::move(query);
    return out;
  };
  std::vector<ApiRequest> out{get("/version")};
  for (const Right& right : kRights) {
    ApiRequest review = get(std::string(kReviews));
    review.method = "POST";
    review.body = review_of(right, options.ns);
    out.push_back(std::move(review));
  }
  for (Kind kind : crd_kinds()) out.push_back(get(str_cat(kDefinitions, plural_of(kind), ".heddle.dev")));
  for (std::string_view plural : kGatewayKinds) {
    out.push_back(get(str_cat(kDefinitions, plural, ".gateway.networking.k8s.io")));
  }
  out.push_back(get("/api/v1/nodes", "limit=500"));
  out.push_back(get("/apis/storage.k8s.io/v1/storageclasses", "limit=500"));
  out.push_back(get(str_cat("/api/v1/namespaces/", options.ns)));
  return out;
}

Findings pre_findings(const PreCheckOptions& options, const std::vector<ClusterAnswer>& given) {
  Answers answers(given);
  Findings out;
  int minor = check_version(answers.next(), out);
  if (minor < 0) return out;  // the others would say the same again
  check_rights(options, answers, out);
  check_definitions(answers, out);
  check_gateway(answers, out);
  check_nodes(answers.next(), minor, out);
  check_storage(answers.next(), out);
  check_namespace(options, answers.next(), out);
  return out;
}
}  // namespace heddle
