#include "tests/support/control_rig.h"

#include <cstdlib>

#include "certs/authorizer.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;

SpiffeId control_id() { return *SpiffeId::parse("spiffe://cluster.local/ns/heddle-system/sa/heddle-control"); }

Result<TlsSetup> client_setup(std::shared_ptr<const Svid> svid, std::shared_ptr<const TrustBundle> bundle) {
  TlsContext::Options options{TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2)}};
  HEDDLE_TRY(auto context, TlsContext::create({std::move(svid), std::move(bundle)}, std::move(options)));
  TlsSetup setup;
  setup.context = std::move(context);
  setup.check = Authorizer::exact(control_id());
  return setup;
}

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.scheme = "https";
  options.authority = "heddle-control";
  options.max_line = kMaxControlLine;
  return options;
}
}  // namespace

ControlRig::ControlRig(Adjust adjust) : adjust_(std::move(adjust)) {
  std::string pattern = (fs::temp_directory_path() / "heddle-control-XXXXXX").string();
  parent_ = ::mkdtemp(pattern.data());
  data_ = parent_ / "data";
  start();
}

ControlRig::~ControlRig() {
  connections_.abort_all(make_error(Reason::kCancelled, "the test is over"));
  loop.run_until([this] { return connections_.size() == 0; });
  stop();
  fs::remove_all(parent_);
}

void ControlRig::start() {
  ControlOptions options;
  options.data = data_.string();
  options.watch = options.api = options.health = Address::loopback(0);
  options.trust_domain = *TrustDomain::parse("cluster.local");
  if (adjust_) adjust_(options);
  metrics_ = std::make_unique<Registry>();
  auto server = ControlServer::start({options, loop, log_.log(), *metrics_, random_});
  ASSERT_TRUE(server) << server.error().text();
  server_ = *std::move(server);
}

void ControlRig::crash() {
  fs::path copy = parent_ / str_cat("data-", std::to_string(++crashes_));
  fs::copy(data_, copy);
  fs::permissions(copy, fs::perms::owner_all);
  stop();
  data_ = copy;
}

bool ControlRig::run_until(UniqueFunction<bool()> done) {
  bool late = false;
  auto timer = loop.timer([&] { late = true; });
  timer->arm(kPatience);
  bool reached = false;
  loop.run_until([&] { return (reached = done()) || late; });
  return reached;
}

std::string ControlRig::read(std::string_view file) const {
  return read_file((data_ / file).string(), 1 << 20).value_or("");
}

std::shared_ptr<const TrustBundle> ControlRig::bundle() const {
  return std::make_shared<const TrustBundle>(*TrustBundle::parse_pem(control_id().trust_domain(), read("root.pem")));
}

std::string ControlRig::admin_token() const {
  return std::string(*JsonValue::parse(read("admin.context"))->find("token")->as_string());
}

RpcResponse ControlRig::exchange(const Address& address, std::shared_ptr<const Svid> svid, RpcRequest request) {
  TlsConnector tls(loop, tcp, [&] { return client_setup(svid, bundle()); });
  HttpClient http(context(), protocols, tls, address, client_options());
  std::optional<Result<RpcResponse>> answer;
  Pending pending =
      http.call(std::move(request), kPatience, [&](Result<RpcResponse> r) { answer.emplace(std::move(r)); });
  loop.run_until([&] { return answer.has_value(); });
  EXPECT_TRUE(answer->has_value()) << answer->error().text();
  return *answer ? **std::move(answer) : RpcResponse::text(0, "");
}

RpcResponse ControlRig::call_as(std::string_view token, std::string method, std::string_view target, std::string body) {
  RpcRequest request;
  request.method = std::move(method);
  size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  request.body = std::move(body);
  if (!token.empty()) request.headers.emplace_back("authorization", str_cat("Bearer ", token));
  return exchange(server_->api_address(), nullptr, std::move(request));
}

RpcResponse ControlRig::call(std::string method, std::string_view target, std::string body) {
  return call_as(admin_token(), std::move(method), target, std::move(body));
}

RpcResponse ControlRig::call_watch_port(std::shared_ptr<const Svid> svid, std::string_view path, std::string body) {
  RpcRequest request;
  request.method = "POST";
  request.path = path;
  request.body = std::move(body);
  return exchange(server_->watch_address(), std::move(svid), std::move(request));
}

std::string ControlRig::apply(std::string_view items) {
  RpcResponse answer = call("POST", "/v1/apply", str_cat(R"({"kind":"List","items":[)", items, "]}"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  if (answer.status != 200) return "";
  return std::string(*JsonValue::parse(answer.body)->find("version")->as_string());
}

std::string ControlRig::join_token(std::string_view id) {
  RpcResponse answer = call("POST", "/v1/tokens", str_cat(R"({"id":")", id, R"(","ttl":"60s"})"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return std::string(*JsonValue::parse(answer.body)->find("token")->as_string());
}

Result<Svid> ControlRig::sign(std::string_view token, std::string_view id, std::shared_ptr<const Svid> svid) {
  auto key = *PrivateKey::generate();
  CaRequest request{Csr::create(*key, *SpiffeId::parse(id))->to_pem(), Secret(token), {std::move(svid), bundle()}};
  HttpCaClient client(context(), protocols, tcp, {{server_->watch_address()}, control_id()});
  std::optional<Result<CaAnswer>> answer;
  Pending pending = client.sign(std::move(request), [&](Result<CaAnswer> a) { answer.emplace(std::move(a)); });
  loop.run_until([&] { return answer.has_value(); });
  if (!*answer) return std::move(*answer).error();
  EXPECT_EQ((*answer)->roots->pins(), bundle()->find("cluster.local")->pins());
  return Svid::from_pem((*answer)->chain_pem, key, (*answer)->issued_at);
}

Result<Svid> ControlRig::attest(std::string_view token, std::string_view id) { return sign(token, id, nullptr); }
Result<Svid> ControlRig::renew(const Svid& svid) {
  return sign("", svid.id.text(), std::make_shared<const Svid>(svid));
}

ScriptedSidecar::ScriptedSidecar(ControlRig& rig, std::shared_ptr<const Svid> svid)
    : rig_(rig),
      svid_(std::move(svid)),
      tls_(rig.loop, rig.tcp, [this] { return client_setup(svid_, rig_.bundle()); }) {}

ScriptedSidecar::~ScriptedSidecar() { disconnect(); }

void ScriptedSidecar::connect(std::vector<ResourceKey> wants) {
  disconnect();
  http_ = std::make_unique<HttpClient>(rig_.context(), rig_.protocols, tls_, rig_.server_->watch_address(),
                                       client_options());
  RpcRequest request;
  request.method = "POST";
  request.path = "/v1/watch";
  closed.reset();
  lines_ = http_->open_lines(std::move(request), *this, [this](Result<void> opened) {
    open_ = opened.has_value();
    if (!opened) closed = opened.error();
  });
  ASSERT_TRUE(rig_.run_until([this] { return open_ || closed.has_value(); }));
  if (open_) say(replica.hello("web-1", std::move(wants)));
}

void ScriptedSidecar::disconnect() {
  lines_.reset();
  http_.reset();
  replica.disconnect();
  open_ = batch_ = false;
}

void ScriptedSidecar::say(const SidecarMessage& message) {
  std::string line = encode(message);
  say_line(std::string_view(line).substr(0, line.size() - 1));
}

void ScriptedSidecar::say_line(std::string_view line) { static_cast<void>(lines_->send(line)); }

void ScriptedSidecar::on_line(std::string_view line) {
  if (replica.receive(str_cat(line, "\n"))) batch_ = true;
}

bool ScriptedSidecar::await_batch() {
  bool complete = rig_.run_until([this] { return batch_ || closed.has_value(); }) && batch_;
  batch_ = false;
  return complete;
}
}  // namespace heddle
