// parse_kubeconfig(): the file that kubectl reads. Fields that do not concern the connection (preferences, extensions)
// are passed over, as are clusters, users and contexts other than the chosen ones.
#include "control/kube/kube_config.h"
#include "control/kube/kube_limits.h"
#include "lib/api/resource.h"
#include "lib/base/bytes.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/config/yaml.h"

namespace heddle {
namespace {
// Of what is `kubectl config`, beside one connection.
constexpr SizeRange kEntries{0, 1000};

class KubeconfigFile {
 public:
  KubeconfigFile(const std::string& file, Problems& problems) : problems_(problems) {
    size_t slash = file.rfind('/');
    folder_ = slash == file.npos ? "" : file.substr(0, slash + 1);
  }

  KubeConfig read(JsonValue document, std::string_view context) {
    JsonObject top = JsonReader(std::move(document), "", problems_).object();
    std::string current = top.optional_string("current-context").value_or("");
    if (context.empty() && current.empty()) top.problem("current-context", "is not set, and no context was asked for");
    if (!problems_.empty()) return {};
    if (auto at = named(top, "contexts", "context", context.empty() ? current : context)) read_context(*at);
    if (!problems_.empty()) return {};
    if (auto at = named(top, "clusters", "cluster", cluster_)) read_cluster(*at);
    if (!user_.empty()) {
      if (auto at = named(top, "users", "user", user_)) read_user(*at);
    }
    bool is_known = !out_.token.empty() || !out_.token_file.empty() || !out_.certificate.empty();
    if (is_known && !out_.server.is_tls) top.problem("users", "credentials are not sent to an http:// server");
    return out_;
  }

 private:
  // [{"name": <name>, "<field>": {...}}, ...]
  std::optional<JsonObject> named(JsonObject& top, std::string_view list, std::string_view field,
                                  std::string_view name) {
    for (const JsonReader& entry : top.optional_array(list, kEntries)) {
      JsonObject object = entry.object();
      if (object.optional_string("name") == name) return object.object(field);
    }
    if (problems_.empty()) top.problem(list, str_cat("there is none of the name ", in_quotes(name)));
    return std::nullopt;
  }

  void read_context(JsonObject& at) {
    cluster_ = at.string("cluster", {1, 1024});
    user_ = at.optional_string("user").value_or("");
    out_.namespace_name = at.optional_string("namespace").value_or("default");
    if (out_.namespace_name.empty()) out_.namespace_name = "default";
    if (!is_dns_label(out_.namespace_name)) at.problem("namespace", "expected the name of a namespace");
  }

  void read_cluster(JsonObject& at) {
    std::string server = at.string("server", {1, 2048});
    if (server.empty()) return;
    Result<void> read = read_kube_server(server, out_);
    if (!read) at.problem("server", read.error().detail);
    out_.server_name = to_lower(at.optional_string("tls-server-name").value_or(""));
    out_.ca = pem(at, "certificate-authority", "certificate-authority-data");
    if (at.optional_boolean("insecure-skip-tls-verify").value_or(false)) {
      at.unsupported("insecure-skip-tls-verify", "Heddle verifies the API server always: name its CA");
    }
    at.refuse("proxy-url", "the API server is reached directly");
  }

  void read_user(JsonObject& at) {
    out_.certificate = pem(at, "client-certificate", "client-certificate-data");
    out_.key = pem(at, "client-key", "client-key-data");
    if (out_.certificate.empty() != out_.key.empty()) {
      at.problem("client-key", "a client certificate needs its key, and the reverse");
    }
    out_.token = at.optional_string("token", {0, kMaxKubeToken}).value_or("");
    out_.token_file = beside(at.optional_string("tokenFile").value_or(""));
    at.refuse("exec", "Heddle runs no plugins for credentials: use a token, a tokenFile or a client certificate");
    at.refuse("auth-provider",
              "Heddle runs no plugins for credentials: use a token, a tokenFile or a client certificate");
    at.refuse("username", "API servers no longer take passwords");
    at.refuse("password", "API servers no longer take passwords");
    at.refuse("as", "Heddle acts as nobody else");
  }

  // As kubectl: the data win over the file.
  KubePem pem(JsonObject& at, std::string_view file_field, std::string_view data_field) {
    KubePem out;
    std::string data = at.optional_string(data_field, {0, kMaxKubeConfig}).value_or("");
    std::string file = beside(at.optional_string(file_field).value_or(""));
    if (data.empty()) {
      out.file = file;
      return out;
    }
    Result<std::string> decoded = from_base64(data);
    if (!decoded) at.problem(data_field, "expected base64");
    if (decoded) out.data = *std::move(decoded);
    return out;
  }

  std::string beside(const std::string& file) const {
    return file.empty() || file.starts_with('/') ? file : str_cat(folder_, file);
  }

  Problems& problems_;
  std::string folder_;  // of the file, with its slash
  std::string cluster_;
  std::string user_;
  KubeConfig out_;
};
}  // namespace

Result<KubeConfig> parse_kubeconfig(std::string_view text, const std::string& file, std::string_view context) {
  if (text.size() > kMaxKubeConfig) return make_error(Reason::kTooLarge, str_cat(file, ": more than 1 MiB"));
  auto documents = parse_documents(text, file);
  if (!documents) return std::move(documents).error().within(file);
  if (documents->size() != 1) return make_error(Reason::kConfigInvalid, str_cat(file, ": expected one document"));
  Problems problems;
  KubeConfig out = KubeconfigFile(file, problems).read(documents->front().value, context);
  if (!problems.empty()) return problems.to_error().within(file);
  return out;
}
}  // namespace heddle
